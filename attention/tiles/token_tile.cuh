#pragma once

// Rows of one head of one sample for CUDA kernels of attention, and tiles of them in shared memory. A block has side x
// side threads; the thread (x, y) computes the rows y + side * i and the columns x + side * j of what its block does.

#include <cuda_runtime.h>

#include <cstdint>

#include "heed/attention/heads/head_view.h"

/// Before a loop over registers: an array in registers needs indices that are known when it is compiled.
#ifdef __CUDACC__
#define HEED_UNROLL _Pragma("unroll")
#define HEED_UNROLL_BY_2 _Pragma("unroll 2")
#else
#define HEED_UNROLL
#define HEED_UNROLL_BY_2
#endif

namespace heed::cuda {

inline constexpr int side = 16;
inline constexpr int attention_threads = side * side;

__device__ inline int thread_x() {
    return static_cast<int>(threadIdx.x);
}
__device__ inline int thread_y() {
    return static_cast<int>(threadIdx.y);
}

/// The number of a token of a list: in memory, or consecutive from `first` on.
struct TokenNumbers {
    const int32_t* list;
    int64_t first;

    __device__ int64_t operator[](int64_t i) const { return list ? list[i] : first + i; }
};

/// One head of one sample in memory.
template <class Float>
struct HeadRows {
    Float* data;
    int64_t stride;

    __device__ Float* at(int64_t token) const { return data + token * stride; }
};

__device__ inline HeadRows<const float> head_rows(const ConstHeadView& view, int64_t sample, int64_t head) {
    return {view.data + sample * view.batch_stride + head * view.head_stride, view.token_stride};
}
__device__ inline HeadRows<float> head_rows(const HeadView& view, int64_t sample, int64_t head) {
    return {view.data + sample * view.batch_stride + head * view.head_stride, view.token_stride};
}

/// The tokens first .. first + count - 1 of a list, each times `factor`.
struct TokenTile {
    HeadRows<const float> rows;
    TokenNumbers tokens;
    int64_t first;
    int count;
    int head_dim;
    float factor = 1;

    /// The tokens from `begin` on.
    __device__ TokenTile from(int begin) const {
        return {rows, tokens, first + begin, count - begin, head_dim, factor};
    }
};

/// Rows from `first` on of `all` that a tile of up to `rows` has.
__device__ inline int tile_count(int64_t all, int64_t first, int rows) {
    return static_cast<int>(all - first < rows ? (all > first ? all - first : 0) : rows);
}

/// Copies `height` rows and the components first_component .. first_component + width - 1 of a tile to shared memory,
/// with zeros outside: neighbouring threads read neighbouring components.
template <int height, int width>
__device__ void load_tile(const TokenTile& tile, int first_component, float* to, int stride) {
    HEED_UNROLL_BY_2  // more addresses at a time would take the registers of the sums
        for (int i = thread_y() * side + thread_x(); i < height * width; i += attention_threads) {
        const int row = i / width, component = first_component + i % width;
        const bool inside = row < tile.count && component < tile.head_dim;
        to[row * stride + i % width] =
            inside ? tile.factor * tile.rows.at(tile.tokens[tile.first + row])[component] : 0.0F;
    }
}

}  // namespace heed::cuda
