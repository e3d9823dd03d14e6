#pragma once

#include "heed/core/device/device.h"

namespace heed::onednn {

/// The same product of f32 of batch 1 without transpose_b: b, which must be transposed, is copied the other way round
/// into working memory of the calling thread, where it stays until the next call.
MatrixProduct with_plain_copy_of_b(const MatrixProduct& product);

}  // namespace heed::onednn
