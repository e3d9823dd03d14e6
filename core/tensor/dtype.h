#pragma once

#include <cstddef>
#include <cstdint>

namespace heed {

/// Element type of a tensor.
enum class DType : uint8_t { f32, bf16, f64, i32, i64, u8 };

/// Bytes of one element.
constexpr size_t dtype_size(DType dtype) {
    switch (dtype) {
        case DType::f32:
        case DType::i32:
            return 4;
        case DType::bf16:
            return 2;
        case DType::f64:
        case DType::i64:
            return 8;
        case DType::u8:
            return 1;
    }
    return 0;
}

/// Short name for messages: "f32", "bf16", "f64", "i32", "i64", "u8".
constexpr const char* dtype_name(DType dtype) {
    switch (dtype) {
        case DType::f32:
            return "f32";
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
