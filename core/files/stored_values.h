#pragma once

#include <cstdint>
#include <vector>

#include "heed/core/files/safetensors.h"

namespace heed {

/// The elements as f32, whatever the tensor's dtype. F16, BF16, U8 and BOOL are exact; F64 is rounded to the nearest
/// f32; infinities and NaN stay. UserError, naming the element, where a finite F64 is beyond f32, an integer has no
/// exact f32, or a BOOL is neither 0 nor 1.
std::vector<float> f32_values(const StoredTensor& stored);

}  // namespace heed
