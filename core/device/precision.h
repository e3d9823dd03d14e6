#pragma once

#include <cstdint>

namespace heed {

/// How exactly a device multiplies matrices. Weights, sums and statistics are f32 in each of them, and so is memory but
/// for what bf16 keeps between two products (Device::activation_dtype).
enum class Precision : uint8_t {
    f32,   ///< operands as they are
    tf32,  ///< operands rounded to 10 bits after the point (of 23), the exponents of f32
    bf16,  ///< operands rounded to 7 bits, the exponents of f32
};

inline constexpr const char* precision_names[] = {"f32", "tf32", "bf16"};

constexpr const char* name_of(Precision precision) {
    return precision_names[static_cast<int>(precision)];
}

}  // namespace heed
