#pragma once

#include "heed/attention/heads/cudnn/fused_attention.h"
#include "heed/attention/heads/sdpa_kernels.h"

// Scaled dot-product attention in bf16 by a fused kernel: of numbers of f32 it reads copies in bf16, and its results
// are copied back; numbers of bf16 stay where they are if the shape permits.

namespace heed::cuda {

/// The fused attention for `shape`; null where the kernels in f32 are to be used.
const FusedAttention* fused_attention_for(const SdpaShape& shape);

/// Floats of scratch memory that fused_forward and fused_backward need.
int64_t fused_workspace(const SdpaShape& shape, const FusedAttention& attention);

void fused_forward(const SdpaForward& args, const FusedAttention& attention);
void fused_backward(const SdpaBackward& args, const FusedAttention& attention);

/// The same for numbers of bf16, in shapes for which there is fused attention.
int64_t bf16_workspace(const SdpaInputs<Bf16>& inputs);
void bf16_forward(const BasicSdpaForward<Bf16>& args);
void bf16_backward(const BasicSdpaBackward<Bf16>& args);

}  // namespace heed::cuda
