#pragma once

#include <map>
#include <string>
#include <vector>

#include "heed/attention/conversion/layer_inputs.h"
#include "heed/core/forward_observer.h"

namespace heed {

/// Keeps what some attention layers are given in forward passes.
class LayerRecorder final : public ForwardObserver {
public:
    explicit LayerRecorder(std::vector<std::string> layers) : layers_(std::move(layers)) {}

    void hidden(int64_t, const Tensor&) override {}
    bool wants_attention(AttentionPlace) const override { return false; }
    void attention(AttentionPlace, int64_t, const Tensor&) override {}
    void attention_input(const std::string& layer, const AttentionTokens& tokens) override;

    /// What the layer was given, a batch each.
    const LayerInputs& inputs(const std::string& layer) { return inputs_[layer]; }
    /// What its outputs were added to, a batch each: [batch, tokens, dim].
    const std::vector<Tensor>& streams(const std::string& layer) { return streams_[layer]; }
    /// Queries of the layer so far, padding included.
    int64_t tokens(const std::string& layer) const;

private:
    std::vector<std::string> layers_;
    std::map<std::string, LayerInputs> inputs_;
    std::map<std::string, std::vector<Tensor>> streams_;
};

}  // namespace heed
