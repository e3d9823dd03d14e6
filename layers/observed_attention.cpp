#include "heed/layers/observed_attention.h"

namespace heed {

Variable observed_attention(Attention& layer, AttentionPlace place, int64_t block, const AttentionInput& input,
                            const ForwardState& state) {
    if (ForwardObserver* const observer = state.observer) {
        observer->attention_input(layer.name(),
                                  {input.query.value(), input.source.defined() ? input.source.value() : Tensor(),
                                   input.mask.key_lengths, input.mask.query_lengths});
        if (observer->wants_attention(place)) observer->attention(place, block, layer.weights(input));
        if (observer->wants_covered_mass()) {
            const std::vector<double> heads = layer.covered_mass(input);
            if (!heads.empty()) observer->covered_mass(place, block, heads);
        }
    }
    return layer.forward(input, state);
}

}  // namespace heed
