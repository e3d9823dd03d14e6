#pragma once

#include "heed/attention/heads/cudnn/fused_attention.h"
#include "heed/attention/heads/sdpa_kernels.h"

// Scaled dot-product attention in bf16 by a fused kernel: copies in bf16 of what it reads, and its results as f32.

namespace heed::cuda {

/// The fused attention for `shape`; null where the kernels in f32 are to be used.
const FusedAttention* fused_attention_for(const SdpaShape& shape);

/// Floats of scratch memory that fused_forward and fused_backward need.
int64_t fused_workspace(const SdpaShape& shape, const FusedAttention& attention);

void fused_forward(const SdpaForward& args, const FusedAttention& attention);
void fused_backward(const SdpaBackward& args, const FusedAttention& attention);

}  // namespace heed::cuda
