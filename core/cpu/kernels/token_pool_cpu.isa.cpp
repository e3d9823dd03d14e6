#include "heed/core/kernels/token_pool_kernels.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

namespace {

/// Sequences that one task takes: about 16 k elements.
HEED_SIMD int64_t token_pool_grain(int64_t tokens, int64_t dim) {
    const int64_t size = tokens * dim;
    const int64_t sequences = 16384 / (size < 1 ? 1 : size);
    return sequences < 1 ? 1 : sequences;
}

HEED_SIMD void token_pool_fill(float* out, float value, int64_t n) {
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE { store(out + j, broadcast(value), count); });
}

HEED_SIMD void token_pool_fill(int32_t* out, int32_t value, int64_t n) {
    for (int64_t j = 0; j < n; ++j) {
        out[j] = value;
    }
}

HEED_SIMD void token_pool_copy(const float* from, float* to, int64_t n) {
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE { store(to + j, load(from + j, count), count); });
}

HEED_SIMD void scaled(const float* from, float factor, float* to, int64_t n) {
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE { store(to + j, load(from + j, count) * factor, count); });
}

HEED_SIMD void mean_of(const float* x, int64_t length, float* out, int64_t dim) {
    token_pool_fill(out, 0, dim);
    for (int64_t token = 0; token < length; ++token) {
        const float* row = x + token * dim;
        for_lanes(dim, [&](int64_t j, int64_t count)
                           HEED_INLINE { store(out + j, load(out + j, count) + load(row + j, count), count); });
    }
    if (length > 1) scaled(out, 1.0F / static_cast<float>(length), out, dim);
}

HEED_SIMD void max_of(const float* x, int64_t length, float* out, int32_t* winners, int64_t dim) {
    if (length == 0) {
        token_pool_fill(out, 0, dim);
        token_pool_fill(winners, -1, dim);
        return;
    }
    token_pool_copy(x, out, dim);
    token_pool_fill(winners, 0, dim);
    for (int64_t token = 1; token < length; ++token) {
        const float* row = x + token * dim;
        int64_t j = 0;
        for (; j + lanes <= dim; j += lanes) {
            const vf v = load(row + j);
            const vf best = load(out + j);
            const vi wins = (v > best) | ((v != v) & (best == best));
            store(out + j, select(wins, v, best));
            store(winners + j, select(wins, broadcast(static_cast<int32_t>(token)), load(winners + j)));
        }
        for (; j < dim; ++j) {
            if (row[j] > out[j] || (row[j] != row[j] && out[j] == out[j])) {
                out[j] = row[j];
                winners[j] = static_cast<int32_t>(token);
            }
        }
    }
}

HEED_SIMD int64_t token_pool_length_of(const int32_t* lengths, int64_t b, int64_t tokens) {
    return lengths == nullptr ? tokens : lengths[b];
}

void token_pool_forward(const TokenPoolForward& a) {
    parallel_for(a.batch, token_pool_grain(a.tokens, a.dim), [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b) {
            const float* x = a.x + b * a.tokens * a.dim;
            float* out = a.out + b * a.dim;
            const int64_t length = token_pool_length_of(a.lengths, b, a.tokens);
            if (const int64_t place = single_token(a.kind); place >= 0) {
                token_pool_copy(x + place * a.dim, out, a.dim);
            } else if (a.kind == TokenPool::mean) {
                mean_of(x, length, out, a.dim);
            } else {
                max_of(x, length, out, a.winners + b * a.dim, a.dim);
            }
        }
    });
}

void token_pool_backward(const TokenPoolBackward& a) {
    parallel_for(a.batch, token_pool_grain(a.tokens, a.dim), [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; ++b) {
            const float* dout = a.dout + b * a.dim;
            float* dx = a.dx + b * a.tokens * a.dim;
            if (a.kind == TokenPool::max) {
                const int32_t* winners = a.winners + b * a.dim;
                token_pool_fill(dx, 0, a.tokens * a.dim);
                for (int64_t j = 0; j < a.dim; ++j) {
                    if (winners[j] >= 0) dx[winners[j] * a.dim + j] = dout[j];
                }
                continue;
            }
            if (const int64_t place = single_token(a.kind); place >= 0) {
                token_pool_fill(dx, 0, a.tokens * a.dim);
                token_pool_copy(dout, dx + place * a.dim, a.dim);
                continue;
            }
            const int64_t length = token_pool_length_of(a.lengths, b, a.tokens);
            const float share = length > 1 ? 1.0F / static_cast<float>(length) : 1.0F;
            for (int64_t token = 0; token < length; ++token) {
                scaled(dout, share, dx + token * a.dim, a.dim);
            }
            token_pool_fill(dx + length * a.dim, 0, (a.tokens - length) * a.dim);
        }
    });
}

}  // namespace

extern const TokenPoolKernels token_pool;
const TokenPoolKernels token_pool = {token_pool_forward, token_pool_backward};

}  // namespace heed::HEED_ISA
