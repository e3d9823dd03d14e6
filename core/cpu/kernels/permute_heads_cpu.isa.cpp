#include "heed/core/kernels/grain.h"
#include "heed/core/kernels/permute_heads_kernels.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

namespace {

/// Tokens of one task: all heads of a tile are copied while both sides of it lie in the second-level cache.
constexpr int64_t tile = 32;

void permute_heads_copy(const PermuteHeads& a) {
    const int64_t tiles = (a.tokens + tile - 1) / tile;
    const auto copy_tile = [&](int64_t task) HEED_INLINE {
        const int64_t batch = task / tiles;
        const int64_t begin = task % tiles * tile;
        const int64_t end = begin + tile < a.tokens ? begin + tile : a.tokens;
        for (int64_t head = 0; head < a.heads; ++head) {
            const float* x = a.x + batch * a.x_strides.batch + head * a.x_strides.head;
            float* y = a.y + batch * a.y_strides.batch + head * a.y_strides.head;
            for (int64_t token = begin; token < end; ++token) {
                const float* from = x + token * a.x_strides.token;
                float* to = y + token * a.y_strides.token;
                for_lanes(a.head_dim,
                          [&](int64_t j, int64_t count) HEED_INLINE { store(to + j, load(from + j, count), count); });
            }
        }
    };
    parallel_for(a.batch * tiles, chunk_rows(tile * a.heads * a.head_dim), [&](int64_t first, int64_t last) {
        for (int64_t task = first; task < last; ++task) copy_tile(task);
    });
}

}  // namespace

extern const PermuteHeadsKernels permute_heads;
const PermuteHeadsKernels permute_heads = {permute_heads_copy};

}  // namespace heed::HEED_ISA
