#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "heed/core/cpu/onednn/matrix_product.h"
#include "heed/tests/support/devices.h"

namespace heed::test {

/// Devices whose products are of bf16.
inline std::vector<std::string> bf16_devices() {
    std::vector<std::string> result;
    if (onednn::multiplies_in_bf16()) result.emplace_back("cpu");
    if (cuda_is_tested()) result.emplace_back("cuda");
    return result;
}

/// The root of the sum of squared differences; infinity where the sizes differ.
inline double distance(const std::vector<float>& a, const std::vector<float>& b) {
    double squares = 0;
    if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < a.size(); ++i) squares += std::pow(double{a[i]} - double{b[i]}, 2);
    return std::sqrt(squares);
}

}  // namespace heed::test
