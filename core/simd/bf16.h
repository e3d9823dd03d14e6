#pragma once

// Numbers of bf16 as vectors of floats, in rows of them like those of floats.

#include "heed/core/simd/loop.h"
#include "heed/core/tensor/bf16.h"

namespace heed::HEED_ISA {

typedef uint16_t vh __attribute__((vector_size(lanes * 2)));
typedef uint16_t vh_unaligned __attribute__((vector_size(lanes * 2), aligned(2), may_alias));

HEED_SIMD vf load(const Bf16* p) {
    const vh bits = *reinterpret_cast<const vh_unaligned*>(p);
    return (vf)(__builtin_convertvector(bits, vu) << 16);
}

/// Rounds to nearest, ties to even; a NaN stays one.
HEED_SIMD void store(Bf16* p, vf v) {
    const vu bits = (vu)v;
    const vu rounded = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
    const vu kept = bits >> 16 | 0x40U;
    const vi is_nan = (vi)(v != v);
    *reinterpret_cast<vh_unaligned*>(p) = __builtin_convertvector(is_nan ? kept : rounded, vh);
}

/// `count` values, the other lanes 0. Reads nothing behind them.
HEED_SIMD vf load(const Bf16* p, int64_t count) {
    if (count == lanes) return load(p);
    Bf16 values[lanes] = {};
    for (int64_t i = 0; i < count; ++i) {
        values[i] = p[i];
    }
    return load(values);
}

HEED_SIMD void store(Bf16* p, vf v, int64_t count) {
    if (count == lanes) return store(p, v);
    Bf16 values[lanes];
    store(values, v);
    for (int64_t i = 0; i < count; ++i) {
        p[i] = values[i];
    }
}

}  // namespace heed::HEED_ISA
