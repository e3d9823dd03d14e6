#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "heed/core/device/precision.h"

namespace heed::cuda {

/// The upper half of the bits of x, rounded to nearest, ties to even. A NaN stays one.
__device__ inline uint32_t bf16_bits(float x) {
    const uint32_t bits = __float_as_uint(x);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return bits >> 16 | 0x40U;
    return (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16;
}

/// 10 bits after the point, rounded to nearest, ties away from zero, as cards convert. Infinity and NaN stay.
__device__ inline uint32_t tf32_bits(float x) {
    const uint32_t bits = __float_as_uint(x);
    return (bits & 0x7F800000U) == 0x7F800000U ? bits : (bits + 0x1000U) & ~0x1FFFU;
}

/// x as an operand of a product in that precision.
template <Precision precision>
__device__ float rounded(float x) {
    if constexpr (precision == Precision::bf16) return __uint_as_float(bf16_bits(x) << 16);
    if constexpr (precision == Precision::tf32) return __uint_as_float(tf32_bits(x));
    return x;
}

}  // namespace heed::cuda
