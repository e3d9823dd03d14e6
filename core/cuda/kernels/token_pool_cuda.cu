#include "heed/core/cuda/for_each.cuh"
#include "heed/core/kernels/token_pool_kernels.h"

namespace heed {

namespace {

/// The tokens that are pooled: first, and one behind the last.
struct PooledRange {
    int64_t begin, end;
};

__device__ PooledRange pooled_range(const int32_t* lengths, TokenPool kind, int64_t sample, int64_t tokens) {
    if (const int64_t place = single_token(kind); place >= 0) return {place, place + 1};
    return {0, lengths ? lengths[sample] : tokens};
}

/// Lowest position of the largest of `length` values that are `stride` apart; NaN wins; -1 when there are none.
__device__ int32_t winning_token(const float* x, int64_t length, int64_t stride) {
    if (length == 0) return -1;
    int32_t winner = 0;
    float best = x[0];
    for (int64_t token = 1; token < length; ++token) {
        const float value = x[token * stride];
        if (value > best || (isnan(value) && !isnan(best))) {
            winner = static_cast<int32_t>(token);
            best = value;
        }
    }
    return winner;
}

void token_pool_forward(const TokenPoolForward& a) {
    cuda::for_each_in_rows("token pool", a.batch, a.dim, [a] __device__(int64_t sample, int64_t column) {
        const PooledRange range = pooled_range(a.lengths, a.kind, sample, a.tokens);
        const float* x = a.x + sample * a.tokens * a.dim + column;
        float& out = a.out[sample * a.dim + column];
        if (a.kind == TokenPool::max) {
            const int32_t winner = winning_token(x, range.end, a.dim);
            a.winners[sample * a.dim + column] = winner;
            out = winner < 0 ? 0.0F : x[winner * a.dim];
            return;
        }
        float sum = 0;
        for (int64_t token = range.begin; token < range.end; ++token) sum += x[token * a.dim];
        const int64_t length = range.end - range.begin;
        out = length == 0 ? 0.0F : sum / static_cast<float>(length);
    });
}

void token_pool_backward(const TokenPoolBackward& a) {
    cuda::for_each_in_rows("token pool backward", a.batch * a.tokens, a.dim,
                           [a] __device__(int64_t row, int64_t column) {
                               const int64_t sample = row / a.tokens, token = row % a.tokens;
                               const float dout = a.dout[sample * a.dim + column];
                               float& dx = a.dx[row * a.dim + column];
                               if (a.kind == TokenPool::max) {
                                   dx = a.winners[sample * a.dim + column] == token ? dout : 0.0F;
                                   return;
                               }
                               const PooledRange range = pooled_range(a.lengths, a.kind, sample, a.tokens);
                               const bool pooled = token >= range.begin && token < range.end;
                               dx = pooled ? dout / static_cast<float>(range.end - range.begin) : 0.0F;
                           });
}

constexpr TokenPoolKernels token_pool_cuda_kernels = {token_pool_forward, token_pool_backward};

}  // namespace

const TokenPoolKernels& token_pool_cuda() {
    return token_pool_cuda_kernels;
}

}  // namespace heed
