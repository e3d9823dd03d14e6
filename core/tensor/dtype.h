#pragma once

#include <cstddef>
#include <cstdint>

#include "heed/core/tensor/bf16.h"

namespace heed {

/// Element type of a tensor. Files may hold all of them, ops have no use for f16, i64 and boolean (a byte, 0 or 1), and
/// few for bf16: those that say so.
enum class DType : uint8_t { f32, f16, bf16, f64, i32, i64, u8, boolean };

/// Bytes of one element.
constexpr size_t dtype_size(DType dtype) {
    switch (dtype) {
        case DType::f32:
        case DType::i32:
            return 4;
        case DType::f16:
        case DType::bf16:
            return 2;
        case DType::f64:
        case DType::i64:
            return 8;
        case DType::u8:
        case DType::boolean:
            return 1;
    }
    return 0;
}

/// Short name for messages: "f32", "f16", "bf16", "f64", "i32", "i64", "u8", "bool".
constexpr const char* dtype_name(DType dtype) {
    switch (dtype) {
        case DType::f32:
            return "f32";
        case DType::f16:
            return "f16";
        case DType::bf16:
            return "bf16";
        case DType::f64:
            return "f64";
        case DType::i32:
            return "i32";
        case DType::i64:
            return "i64";
        case DType::u8:
            return "u8";
        case DType::boolean:
            return "bool";
    }
    return "?";
}

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
    static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<Bf16> {
    static constexpr DType value = DType::bf16;
};
template <>
struct DTypeOf<double> {
    static constexpr DType value = DType::f64;
};
template <>
struct DTypeOf<int32_t> {
    static constexpr DType value = DType::i32;
};
template <>
struct DTypeOf<int64_t> {
    static constexpr DType value = DType::i64;
};
template <>
struct DTypeOf<uint8_t> {
    static constexpr DType value = DType::u8;
};

}  // namespace heed
