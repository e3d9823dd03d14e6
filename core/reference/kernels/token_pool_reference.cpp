#include <cmath>

#include "heed/core/kernels/token_pool_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

/// The tokens that are pooled: first, and one behind the last.
struct PooledTokens {
    int64_t begin, end;
};

PooledTokens pooled_tokens(const int32_t* lengths, TokenPool kind, int64_t b, int64_t tokens) {
    if (const int64_t place = single_token(kind); place >= 0) return {place, place + 1};
    return {0, lengths == nullptr ? tokens : reference_address(lengths)[b]};
}

/// Lowest position of the largest of `length` values that are `stride` apart; NaN wins; -1 when there are none.
int32_t winner_of(const float* x, int64_t length, int64_t stride) {
    int32_t winner = length == 0 ? -1 : 0;
    for (int64_t token = 1; token < length; ++token) {
        const float best = x[winner * stride];
        const float value = x[token * stride];
        if (value > best || (std::isnan(value) && !std::isnan(best))) winner = static_cast<int32_t>(token);
    }
    return winner;
}

void token_pool_forward(const TokenPoolForward& a) {
    for (int64_t b = 0; b < a.batch; ++b) {
        const auto [begin, end] = pooled_tokens(a.lengths, a.kind, b, a.tokens);
        const int64_t length = end - begin;
        for (int64_t j = 0; j < a.dim; ++j) {
            const float* x = reference_address(a.x) + b * a.tokens * a.dim + j;
            float& out = reference_address(a.out)[b * a.dim + j];
            if (a.kind == TokenPool::max) {
                const int32_t winner = winner_of(x, length, a.dim);
                reference_address(a.winners)[b * a.dim + j] = winner;
                out = winner < 0 ? 0.0F : x[winner * a.dim];
            } else {
                double sum = 0;
                for (int64_t token = begin; token < end; ++token) sum += x[token * a.dim];
                out = length == 0 ? 0.0F : static_cast<float>(sum / static_cast<double>(length));
            }
        }
    }
}

void token_pool_backward(const TokenPoolBackward& a) {
    for (int64_t b = 0; b < a.batch; ++b) {
        const auto [begin, end] = pooled_tokens(a.lengths, a.kind, b, a.tokens);
        const int64_t length = end - begin;
        for (int64_t token = 0; token < a.tokens; ++token) {
            for (int64_t j = 0; j < a.dim; ++j) {
                const float dout = reference_address(a.dout)[b * a.dim + j];
                float& dx = reference_address(a.dx)[(b * a.tokens + token) * a.dim + j];
                if (a.kind == TokenPool::max) {
                    dx = reference_address(a.winners)[b * a.dim + j] == token ? dout : 0.0F;
                } else {
                    dx = token >= begin && token < end ? dout / static_cast<float>(length) : 0.0F;
                }
            }
        }
    }
}

constexpr TokenPoolKernels token_pool_reference_kernels = {token_pool_forward, token_pool_backward};

}  // namespace

const TokenPoolKernels& token_pool_reference() {
    return token_pool_reference_kernels;
}

}  // namespace heed
