#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "heed/core/tensor/bf16.h"
#include "heed/core/tensor/tensor.h"

namespace heed::test {

/// The values rounded to bf16.
inline std::vector<Bf16> as_bf16(const std::vector<float>& values) {
    std::vector<Bf16> result;
    result.reserve(values.size());
    for (const float value : values) result.push_back(to_bf16(value));
    return result;
}

inline std::vector<float> as_floats(const std::vector<Bf16>& values) {
    std::vector<float> result;
    result.reserve(values.size());
    for (const Bf16 value : values) result.push_back(to_float(value));
    return result;
}

/// The values with the precision of bf16.
inline std::vector<float> rounded_to_bf16(const std::vector<float>& values) {
    return as_floats(as_bf16(values));
}

/// Whether all have the same bits; a NaN is as good as any other.
inline bool same_numbers(const std::vector<Bf16>& a, const std::vector<Bf16>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](Bf16 left, Bf16 right) {
        return left.bits == right.bits || (std::isnan(to_float(left)) && std::isnan(to_float(right)));
    });
}

/// The values as a tensor of bf16, rounded.
inline Tensor bf16_tensor(Context& context, const Shape& shape, const std::vector<float>& values) {
    Tensor tensor = Tensor::empty(context, shape, DType::bf16);
    tensor.copy_from_host(as_bf16(values).data());
    return tensor;
}

}  // namespace heed::test
