#pragma once

#include <cstdint>
#include <string>

#include "heed/core/ops/elementwise/activation.h"
#include "heed/core/settings/fields.h"
#include "heed/layers/layer_norm.h"

namespace heed {

/// Where a block normalises: pre (x + f(norm(x))) or post (norm(x + f(x))).
enum class NormPlacement : uint8_t { pre, post };

/// The base of the angles of rotary positions (Su et al., 2021, section 3.2.2).
inline constexpr double default_rotary_base = 10000.0;

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
    double rotary_base = 0.0;  ///< of rotary positions in self-attention; 0: none
    bool checkpoint = false;   ///< keep what enters a block alone for backward, and compute the rest again
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

/// The key rotary_base, of model.positions=rotary.
void describe_rotary_base(Fields& fields, double& base);

/// BlockSettings::rotary_base of a model's settings.
double rotary_base_of(const std::string& positions, double base);

/// Throws UserError, naming model.heads, where the heads do not divide the dimension.
void check_heads_divide(int64_t heads, int64_t dim);

}  // namespace heed
