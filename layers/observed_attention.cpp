#include "heed/layers/observed_attention.h"

#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/cast.h"
#include "heed/core/ops/elementwise/probe.h"
#include "heed/core/ops/products/matmul.h"
#include "heed/core/ops/shapes/permute_heads.h"
#include "heed/core/ops/shapes/reshape.h"

namespace heed {

namespace {

/// The outputs [batch, queries, heads * value dim] of heads that mix these values with other weights.
Variable mixed(const Tensor& weights, const Tensor& values) {
    const Variable heads = permute_heads(matmul(Variable(weights), Variable(values)));
    const Shape& shape = heads.shape();
    return reshape(heads, {shape[0], shape[1], shape[2] * shape[3]});
}

/// Shows the heads; their outputs with the weights that the observer gives, undefined where it gives none.
Variable observed_heads(Attention& layer, AttentionPlace place, int64_t block, const AttentionInput& input,
                        ForwardObserver& observer) {
    if (!observer.wants_heads(place) || !layer.has_weights()) return {};
    const AttentionHeads heads = {.place = place,
                                  .block = block,
                                  .causal = layer.geometry().pattern == AttentionPattern::causal_self,
                                  .weights = layer.weights(input),
                                  .values = layer.head_values(input)};
    const Tensor weights = observer.heads(heads);
    if (!weights.defined()) return {};
    check_shape("attention", "weights in the place of a layer's own", weights.shape(), heads.weights.shape());
    return mixed(weights, heads.values);
}

}  // namespace

Variable observed_attention(Attention& layer, AttentionPlace place, int64_t block, const AttentionInput& given,
                            const Variable& stream, const ForwardState& state) {
    ForwardObserver* const observer = state.observer;
    if (observer == nullptr) return layer.forward(given, state);
    // Observers see f32.
    AttentionInput input = given;
    input.query = cast(given.query, DType::f32);
    if (given.source.defined()) input.source = cast(given.source, DType::f32);
    observer->attention_input(layer.name(), {.query = input.query.value(),
                                             .source = input.source.defined() ? input.source.value() : Tensor(),
                                             .key_lengths = input.mask.key_lengths,
                                             .query_lengths = input.mask.query_lengths,
                                             .stream = stream.value()});
    if (observer->wants_attention(place) && layer.has_weights())
        observer->attention(place, block, layer.weights(input));
    if (observer->wants_covered_mass()) {
        const std::vector<double> heads = layer.covered_mass(input);
        if (!heads.empty()) observer->covered_mass(place, block, heads);
    }
    Variable outputs = observed_heads(layer, place, block, input, *observer);
    if (!outputs.defined()) outputs = layer.head_outputs(input, state);
    if (observer->wants_head_gradients()) {
        outputs = probe(cast(outputs, DType::f32),
                        [=](const Tensor& gradient) { observer->head_gradient(place, block, gradient); });
    }
    return layer.project_heads(outputs);
}

}  // namespace heed
