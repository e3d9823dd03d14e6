#pragma once

#include "heed/attention/heads/head_view.h"
#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/attention/heads/sdpa_shape.h"

// How the inputs of an attention op become the arguments of its kernels.

namespace heed {

/// The heads whose first one begins at a column of `source` [batch, tokens, width].
HeadView head_view(const Tensor& source, int64_t first_column, int64_t head_dim);
ConstHeadView head_view(const HeadColumns& columns, int64_t head_dim);

/// The shape that kernels of `attention` work on; its pointer is good as long as attention.mask.
SdpaShape sdpa_shape(const ScaledDotProduct& attention);

/// Throws Error, naming `op`, when the inputs do not fit each other.
void check_heads(const char* op, const ScaledDotProduct& attention);

}  // namespace heed
