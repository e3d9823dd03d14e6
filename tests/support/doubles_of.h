#pragma once

#include <vector>

#include "heed/core/tensor/tensor.h"

namespace heed::test {

/// The numbers f64 of a tensor.
inline std::vector<double> doubles_of(const Tensor& tensor) {
    std::vector<double> values(static_cast<size_t>(tensor.elements()));
    tensor.copy_to_host(values.data());
    return values;
}

}  // namespace heed::test
