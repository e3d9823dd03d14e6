#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// Cuts images [batch, channels, height, width] into square patches, each with `overlap` pixels more on every side
/// (zeros outside of the image): [batch, (height / patch) * (width / patch), channels * window * window] with window =
/// patch + 2 * overlap, features ordered (channel, row, column) as in a flattened convolution kernel. Saves nothing.
/// Throws Error when the patch does not divide height and width.
Variable to_patches(const Variable& images, int64_t patch, int64_t overlap = 0);

}  // namespace heed
