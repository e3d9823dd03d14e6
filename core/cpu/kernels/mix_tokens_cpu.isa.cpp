#include "heed/core/kernels/grain.h"
#include "heed/core/kernels/mix_tokens_kernels.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

namespace {

HEED_SIMD int64_t mix_tokens_length_of(const int32_t* lengths, int64_t sample, int64_t tokens) {
    if (lengths == nullptr) return tokens;
    const int64_t length = lengths[sample];
    return length < 0 ? 0 : length < tokens ? length : tokens;
}

HEED_SIMD vi finite(vf v) {
    return v * 0.0F == zero();
}

void real_tokens(const RealTokens& a) {
    parallel_for(a.batch, chunk_rows(a.tokens * a.width), [&](int64_t begin, int64_t end) {
        for (int64_t sample = begin; sample < end; ++sample) {
            const float* from = a.from + sample * a.tokens * a.width;
            float* to = a.to + sample * a.tokens * a.width;
            const int64_t real = mix_tokens_length_of(a.lengths, sample, a.tokens) * a.width;
            if (a.finite_only) {
                for_lanes(real, [&](int64_t j, int64_t count) HEED_INLINE {
                    const vf v = load(from + j, count);
                    store(to + j, select(finite(v), v, zero()), count);
                });
            } else if (from != to) {
                for_lanes(real,
                          [&](int64_t j, int64_t count) HEED_INLINE { store(to + j, load(from + j, count), count); });
            }
            for_lanes(a.tokens * a.width - real,
                      [&](int64_t j, int64_t count) HEED_INLINE { store(to + real + j, zero(), count); });
        }
    });
}

HEED_SIMD void add_column(const AddNotFinite& a, int64_t sample, int64_t token, int64_t column) {
    const float value = a.x[(sample * a.tokens + token) * a.width + column];
    for (int64_t later = token; later < a.tokens; ++later) {
        a.y[(sample * a.tokens + later) * a.width + column] += a.weight[later * a.tokens + token] * value;
    }
}

void add_not_finite(const AddNotFinite& a) {
    parallel_for(a.batch, chunk_rows(a.tokens * a.width), [&](int64_t begin, int64_t end) {
        for (int64_t sample = begin; sample < end; ++sample) {
            const int64_t length = mix_tokens_length_of(a.lengths, sample, a.tokens);
            for (int64_t token = 0; token < length; ++token) {
                const float* row = a.x + (sample * a.tokens + token) * a.width;
                for_lanes(a.width, [&](int64_t j, int64_t count) HEED_INLINE {
                    const vi not_finite = ~finite(load(row + j, count));
                    if (!any(not_finite)) return;
                    for (int64_t i = 0; i < count; ++i) {
                        if (not_finite[i]) add_column(a, sample, token, j + i);
                    }
                });
            }
        }
    });
}

void lower_triangle(const LowerTriangle& a) {
    parallel_for(a.n, chunk_rows(a.n), [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            const float* from = a.from + row * a.from_row;
            float* to = a.to + row * a.to_row;
            for_lanes(row + 1, [&](int64_t j, int64_t count) HEED_INLINE {
                const vf v = load(from + j, count);
                store(to + j, a.accumulate ? v + load(to + j, count) : v, count);
            });
            if (a.accumulate) continue;
            for_lanes(a.n - row - 1,
                      [&](int64_t j, int64_t count) HEED_INLINE { store(to + row + 1 + j, zero(), count); });
        }
    });
}

}  // namespace

extern const MixTokensKernels mix_tokens;
const MixTokensKernels mix_tokens = {real_tokens, add_not_finite, lower_triangle};

}  // namespace heed::HEED_ISA
