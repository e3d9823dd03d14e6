#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "heed/attention/registry.h"
#include "heed/core/device/context.h"
#include "heed/core/forward_state.h"
#include "heed/core/module/module.h"

// A step of small models with parameters from formulas, for tests of what must not change it.

namespace heed::test {

/// What a step shows of itself.
struct ModelStep {
    std::vector<float> logits, gradients;
    size_t peak_bytes = 0;
    size_t kept_bytes = 0;  ///< in use after the forward pass

    bool operator==(const ModelStep& other) const { return logits == other.logits && gradients == other.gradients; }
};

/// What may differ between the models of a test.
struct ModelSettings {
    std::string type = "sdpa";  ///< of attention
    std::string norm = "pre";
    bool checkpoint = false;
    ForwardObserver* observer = nullptr;
    std::string frozen = "";  ///< beginning of the names of parameters that are
    int64_t dim = 12;         ///< of three heads
    int64_t depth = 3;        ///< in blocks; the encoder of the translator has one less
};

/// Options of the type under which smyrf does not fall back to dense attention for short sequences.
std::unique_ptr<Options> short_attention_options(const AttentionType& type);

/// Two micro-batches, so that gradients are added to others, of a model whose logits `forward` makes, in training.
ModelStep model_step(Context& context, Module& model, const ModelSettings& settings,
                     const std::function<Variable(const ForwardState&)>& forward);

ModelStep vit_step(Context& context, const ModelSettings& settings);
ModelStep translator_step(Context& context, const ModelSettings& settings);

/// Takes what all models have in common.
template <class ModelOptions>
void set_model_options(ModelOptions& options, const ModelSettings& settings) {
    options.dim = settings.dim;
    options.heads = 3;
    options.mlp_dim = 20;
    options.norm = settings.norm;
    options.dropout = 0.2;
    options.checkpoint_activations = settings.checkpoint;
}

}  // namespace heed::test
