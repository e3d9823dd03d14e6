#pragma once

#include <cuda_runtime.h>

#include <type_traits>

#include "heed/core/cuda/rounding.cuh"
#include "heed/core/tensor/bf16.h"

// Numbers of f32 and of bf16 alike, for kernels that are written once for both.

namespace heed::cuda {

__device__ inline float value_of(float x) {
    return x;
}
__device__ inline float value_of(Bf16 x) {
    return __uint_as_float(uint32_t{x.bits} << 16);
}

/// x as an Element, rounded to nearest, ties to even.
template <class Element>
__device__ Element stored(float x) {
    if constexpr (std::is_same_v<Element, Bf16>) {
        return {static_cast<uint16_t>(bf16_bits(x))};
    } else {
        return x;
    }
}

}  // namespace heed::cuda
