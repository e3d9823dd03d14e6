#pragma once

#include <cstdint>
#include <vector>

#include "heed/attention/conversion/layer_inputs.h"
#include "heed/attention/conversion/token_rows.h"

namespace heed {

/// Fits the alignment matrix W_A of a super attention layer, all its other weights held, so that its outputs come near
/// the targets, batch by batch the rows of the real queries: minimises || Y - b_O - sum_i S_i W_A X_i W_O,i ||^2 +
/// lambda || W_A - W_0 ||^2 from W_0, the matrix that it has, by `iterations` of conjugate gradients on the normal
/// equations. A product with the operator is a forward pass, one with its transpose a backward pass, so that causality
/// and padding need no care. Returns false, with nothing changed, where the matrix is frozen.
bool fit_alignment(Attention& layer, const LayerInputs& inputs, const std::vector<TokenRows>& targets,
                   int64_t iterations);

}  // namespace heed
