#pragma once

#include "heed/core/reference/address.h"
#include "heed/core/tensor/elements.h"

namespace heed {

/// Element number i of memory of the device `reference`.
inline double reference_value(ConstElements of, int64_t i) {
    if (of.is_bf16()) return double{to_float(reference_address(of.bf16())[i])};
    return double{reference_address(of.f32())[i]};
}

/// x as element number i, rounded to its type.
inline void reference_store(Elements to, int64_t i, double x) {
    const auto rounded = static_cast<float>(x);
    if (to.is_bf16()) {
        reference_address(to.bf16())[i] = to_bf16(rounded);
    } else {
        reference_address(to.f32())[i] = rounded;
    }
}

}  // namespace heed
