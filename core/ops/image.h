#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// Cuts images [batch, channels, height, width] into square patches: [batch, (height / patch) * (width / patch),
/// channels * patch * patch], features ordered (channel, row, column) as in a flattened convolution kernel. Saves
/// nothing. Throws Error when the patch does not divide height and width.
Variable to_patches(const Variable& images, int64_t patch);

}  // namespace heed
