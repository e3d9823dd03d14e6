#pragma once

#include <cstdint>
#include <string>

#include "heed/core/ops/elementwise/activation.h"
#include "heed/core/settings/fields.h"
#include "heed/layers/layer_norm.h"

namespace heed {

/// Where a block normalises: pre (x + f(norm(x))) or post (norm(x + f(x))).
enum class NormPlacement : uint8_t { pre, post };

/// What the blocks of encoders and decoders have in common.
struct BlockSettings {
    int64_t dim = 64;
    int64_t depth = 4;
    int64_t heads = 4;
    int64_t mlp_dim = 128;
    double dropout = 0.0;  ///< on each residual branch
    NormPlacement norm = NormPlacement::pre;
    double norm_epsilon = LayerNorm::default_epsilon;  ///< added to the variance
    Activation activation = Activation::gelu;
    int64_t max_tokens = 0;
    bool checkpoint = false;  ///< keep what enters a block alone for backward, and compute the rest again
};

/// Takes all but the depth and the greatest number of tokens from the settings of a model.
template <class ModelOptions>
void take_block_options(BlockSettings& settings, const ModelOptions& options) {
    settings.dim = options.dim;
    settings.heads = options.heads;
    settings.mlp_dim = options.mlp_dim;
    settings.dropout = options.dropout;
    settings.norm = options.norm == "post" ? NormPlacement::post : NormPlacement::pre;
    settings.norm_epsilon = options.norm_epsilon;
    settings.checkpoint = options.checkpoint_activations;
    settings.activation = activation_from_name(options.activation);
}

/// The keys norm and norm_epsilon of a model's settings.
void describe_norm(Fields& fields, std::string& norm, double& epsilon);

/// The key checkpoint_activations.
void describe_checkpointing(Fields& fields, bool& checkpoint_activations);

/// Throws UserError, naming model.heads, where the heads do not divide the dimension.
void check_heads_divide(int64_t heads, int64_t dim);

}  // namespace heed
