#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "heed/core/device/precision.h"
#include "heed/core/tensor/bf16.h"

namespace heed::cuda {

/// Eight numbers as bf16: 16 bytes, which a thread writes at once.
__device__ inline uint4 bf16_group(const float* x) {
    const auto pair = [&](int i) { return uint32_t{to_bf16(x[i]).bits} | uint32_t{to_bf16(x[i + 1]).bits} << 16; };
    return make_uint4(pair(0), pair(2), pair(4), pair(6));
}

/// 10 bits after the point, rounded to nearest, ties away from zero, as cards convert. Infinity and NaN stay.
__device__ inline uint32_t tf32_bits(float x) {
    const uint32_t bits = __float_as_uint(x);
    return (bits & 0x7F800000U) == 0x7F800000U ? bits : (bits + 0x1000U) & ~0x1FFFU;
}

/// x as an operand of a product in that precision.
template <Precision precision>
__device__ float rounded(float x) {
    if constexpr (precision == Precision::bf16) return to_float(to_bf16(x));
    if constexpr (precision == Precision::tf32) return __uint_as_float(tf32_bits(x));
    return x;
}

}  // namespace heed::cuda
