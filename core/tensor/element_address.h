#pragma once

#include <cstdint>

#include "heed/core/tensor/tensor.h"

namespace heed {

/// Device address of element `index` of a tensor of that type, for kernels that read or write from there on: the whole
/// tensor is asked for, as a profile counts it. Addresses of the reference device are no real pointers, so integers are
/// added.
template <class Element = float>
Element* element_address(const Tensor& tensor, int64_t index) {
    const auto first = reinterpret_cast<uintptr_t>(tensor.data<Element>());
    return reinterpret_cast<Element*>(first + static_cast<uintptr_t>(index) * sizeof(Element));
}

}  // namespace heed
