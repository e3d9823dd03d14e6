#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/attention/conversion/layer_inputs.h"

namespace heed {

/// How well an attention layer has taken over what another one did.
struct LayerFit {
    bool exact = false;               ///< by the mathematics of the forms, to rounding
    std::optional<double> key_r2;     ///< share of the variance of the old keys that the new ones keep, where fitted
    std::optional<double> output_r2;  ///< 1 - SSE / SST of the outputs; none without inputs
    bool moved_heads = false;         ///< a head has another slice of the input than the one of its number
    bool kept = true;                 ///< false where the types have no weights in common: the layer is a fresh one
    std::vector<std::string> fresh;   ///< weights that other types know nothing of, which are those of a fresh layer
};

/// Gives the layer `now` the weights with which it comes nearest to what `old` gives on `inputs`: exactly where types
/// and forms allow it (convert_weights), else by least squares over the real queries. Types whose heads compute
/// something of their own (AttentionCapabilities::softmax) take query, key and value over as they are, and the output
/// kernel is fitted; types without projections take nothing over. Fitted are, in this order: the maps
/// from the slices of the tokens to the keys of the heads, where `now` has no key matrix (over all tokens, or as the
/// heads look at them); which head has which slice; the output kernel; and, where `now` has an alignment matrix, that
/// in turn with the output kernel. Of several ways that which does best on one batch in four, kept out of the fits, is
/// taken; its R2 is measured there (with fewer than four batches, on all). Without inputs, convert_weights alone.
/// Throws UserError where `now` has no biases and needs them.
LayerFit fit_layer(Attention& old, Attention& now, const LayerInputs& inputs);

/// The R2 of the outputs of `now` against those of `old` on the batches that fit_layer measures on.
std::optional<double> output_r2(Attention& old, Attention& now, const LayerInputs& inputs);

}  // namespace heed
