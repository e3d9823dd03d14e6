#pragma once

#include "heed/core/kernels/layer_norm_kernels.h"

namespace heed::cuda {

/// The backward pass of layer_norm, whose input has another gradient `extra` [rows, width] besides, or null: it is
/// added to dx, and may be dx.
void layer_norm_backward(const LayerNormBackward& a, const float* extra);

}  // namespace heed::cuda
