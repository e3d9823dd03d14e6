#pragma once

#include "heed/core/device/device.h"

namespace heed::onednn {

/// One product of f32 (batch 1) without bias by dnnl_sgemm. All sizes must be positive.
void sgemm(const MatrixProduct& product);

}  // namespace heed::onednn
