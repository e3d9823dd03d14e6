#pragma once

#include <cstdint>
#include <type_traits>

namespace heed {

/// The upper half of a float: its sign, its 8 bits of exponent and 7 bits after the point.
struct Bf16 {
    uint16_t bits;
};

// Always inlined: this header is part of files for one instruction set.

[[gnu::always_inline]] constexpr float to_float(Bf16 x) {
    return __builtin_bit_cast(float, static_cast<uint32_t>(x.bits) << 16);
}

/// Rounded to nearest, ties to even. A NaN stays one, infinities and what is next to them become infinities.
[[gnu::always_inline]] constexpr Bf16 to_bf16(float x) {
    const auto bits = __builtin_bit_cast(uint32_t, x);
    const bool is_nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
    return {static_cast<uint16_t>(is_nan ? bits >> 16 | 0x40U : (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16)};
}

// For code that is written once for float and Bf16.

[[gnu::always_inline]] constexpr float to_float(float x) {
    return x;
}

/// x as an Element, rounded where that is Bf16.
template <class Element>
[[gnu::always_inline]] constexpr Element from_float(float x) {
    if constexpr (std::is_same_v<Element, Bf16>) {
        return to_bf16(x);
    } else {
        return x;
    }
}

}  // namespace heed
