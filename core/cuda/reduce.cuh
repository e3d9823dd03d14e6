#pragma once

// Sums and the like over the threads of a warp or block, in an order that is always the same.

#include <cstdint>

#include "heed/core/cuda/shared_memory.cuh"

namespace heed::cuda {

inline constexpr int warp_size = 32;
inline constexpr unsigned all_lanes = 0xFFFFFFFFU;

struct Sum {
    template <class T>
    __device__ T operator()(T a, T b) const {
        return a + b;
    }
};

/// The larger value; NaN wins.
struct Max {
    __device__ float operator()(float a, float b) const { return a != a || a > b ? a : b; }
};

/// `value` of all 32 lanes combined, the same bits in every lane; `combine` must not care for the order of two.
template <class T, class Combine>
__device__ T warp_reduce(T value, Combine combine) {
    for (int distance = warp_size / 2; distance > 0; distance /= 2) {
        value = combine(value, __shfl_xor_sync(all_lanes, value, distance));
    }
    return value;
}

/// `value` of all threads of a block of at most 1024 threads (whole warps) combined, the same bits in every thread. A
/// barrier for the block.
template <class T, class Combine>
__device__ T block_reduce(T value, Combine combine) {
    HEED_SHARED(T, of_warps, warp_size);
    const unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
    const unsigned warps = blockDim.x * blockDim.y / warp_size;
    value = warp_reduce(value, combine);
    if (warps == 1) return value;
    __syncthreads();  // what an earlier call left may still be read
    if (thread % warp_size == 0) of_warps[thread / warp_size] = value;
    __syncthreads();
    value = of_warps[0];
    for (unsigned i = 1; i < warps; ++i) value = combine(value, of_warps[i]);
    return value;
}

}  // namespace heed::cuda
