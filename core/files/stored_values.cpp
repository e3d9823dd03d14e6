#include "heed/core/files/stored_values.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/core/tensor/bf16.h"

namespace heed {
namespace {

struct Half {
    uint16_t bits;
};
struct Truth {
    uint8_t byte;
};

/// IEEE 754 binary16. Made of whole numbers, so that subnormals survive on threads that count them as zero.
float to_number(Half half) {
    const uint32_t sign = static_cast<uint32_t>(half.bits & 0x8000U) << 16;
    const uint32_t exponent = half.bits >> 10 & 0x1FU;
    uint32_t fraction = half.bits & 0x3FFU;
    if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13);
    if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
    if (fraction == 0) return std::bit_cast<float>(sign);
    const int shift = std::countl_zero(fraction) - 21;  // makes the highest bit number 10
    fraction = fraction << shift & 0x3FFU;
    return std::bit_cast<float>(sign | static_cast<uint32_t>(113 - shift) << 23 | fraction << 13);
}

float to_number(Bf16 value) {
    return to_float(value);
}

template <class T>
requires std::is_arithmetic_v<T> T to_number(T value) {
    return value;
}

[[noreturn]] void refuse(const StoredTensor& stored, size_t index, const std::string& what) {
    throw UserError("tensor " + quote(stored.name) + " holds " + what + " at index " + std::to_string(index));
}

template <class T>
std::string number_text(T value) {
    return std::to_string(value);
}

template <class T>
void convert(const StoredTensor& stored, size_t index, T value, float& to) {
    if constexpr (std::is_same_v<T, double>) {
        if (std::isfinite(value) && std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
            refuse(stored, index, number_text(value) + ", which is beyond f32,");
        }
        to = static_cast<float>(value);
    } else if constexpr (std::is_integral_v<T>) {
        to = static_cast<float>(value);
        if (static_cast<long double>(to) != static_cast<long double>(value)) {
            refuse(stored, index, number_text(value) + ", which f32 cannot hold exactly,");
        }
    } else {
        std::memcpy(&to, &value, sizeof to);  // a NaN keeps its bits
    }
}

/// Elements of files need not be aligned.
template <class From>
void convert_all(const StoredTensor& stored, std::vector<float>& values) {
    values.resize(stored.bytes.size() / sizeof(From));
    for (size_t i = 0; i < values.size(); ++i) {
        From element;
        std::memcpy(&element, stored.bytes.data() + i * sizeof element, sizeof element);
        if constexpr (std::is_same_v<From, Truth>) {
            if (element.byte > 1) refuse(stored, i, "the truth value " + std::to_string(element.byte));
            values[i] = static_cast<float>(element.byte);
        } else {
            convert(stored, i, to_number(element), values[i]);
        }
    }
}

}  // namespace

std::vector<float> f32_values(const StoredTensor& stored) {
    std::vector<float> values;
    switch (stored.dtype) {
        case DType::f32:
            convert_all<float>(stored, values);
            break;
        case DType::f16:
            convert_all<Half>(stored, values);
            break;
        case DType::bf16:
            convert_all<Bf16>(stored, values);
            break;
        case DType::f64:
            convert_all<double>(stored, values);
            break;
        case DType::i32:
            convert_all<int32_t>(stored, values);
            break;
        case DType::i64:
            convert_all<int64_t>(stored, values);
            break;
        case DType::u8:
            convert_all<uint8_t>(stored, values);
            break;
        case DType::boolean:
            convert_all<Truth>(stored, values);
            break;
    }
    return values;
}

}  // namespace heed
