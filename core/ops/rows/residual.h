#pragma once

#include "heed/core/autograd/variable.h"
#include "heed/core/random/random_stream.h"

namespace heed {

/// Dropout of a residual branch: probability and the random numbers of the module that asks for it. Samples are the
/// first axis of the branch.
struct BranchDropout {
    float probability = 0.0f;
    RandomStream stream;
};

/// x + dropout(branch), equal shapes. Saves nothing: the mask is drawn again in backward.
Variable residual_add(const Variable& x, const Variable& branch, const BranchDropout& dropout);

struct ResidualLayerNorm {
    Variable sum;     ///< x + dropout(branch)
    Variable normed;  ///< layer_norm(sum), of the type that was asked for
};

/// The residual sum and its layer normalisation in one pass over memory; the same as layer_norm(residual_add(...)).
/// `normed` is the type of what is normalised and of its gradient, f32 or bf16. Saves the sum, gain, and mean and
/// 1/deviation of each row.
ResidualLayerNorm residual_layer_norm(const Variable& x, const Variable& branch, const Variable& gain,
                                      const Variable& bias, float epsilon, const BranchDropout& dropout,
                                      DType normed = DType::f32);

}  // namespace heed
