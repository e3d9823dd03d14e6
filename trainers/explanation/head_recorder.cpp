#include "heed/trainers/explanation/head_recorder.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "heed/core/error.h"
#include "heed/core/ops/products/matmul.h"
#include "heed/core/ops/shapes/permute_heads.h"

namespace heed {

namespace {

/// Part number `index` of `count` equal ones.
std::vector<float> part_of(const std::vector<float>& values, int64_t index, int64_t count) {
    const auto size = static_cast<std::ptrdiff_t>(values.size()) / count;
    return {values.begin() + index * size, values.begin() + (index + 1) * size};
}

}  // namespace

Tensor HeadRecorder::heads(const AttentionHeads& heads) {
    layers_.push_back({heads, {}});
    return {};
}

void HeadRecorder::head_gradient(AttentionPlace place, int64_t block, const Tensor& gradient) {
    for (Layer& layer : layers_) {
        if (layer.heads.place != place || layer.heads.block != block) continue;
        const Shape& values = layer.heads.values.shape();
        const Tensor outputs = gradient.reshape({gradient.shape()[0], gradient.shape()[1], values[1], values[3]});
        layer.weight_gradient =
            matmul(permute_heads(Variable(outputs)), Variable(layer.heads.values), /*transpose_b=*/true).value();
    }
}

std::vector<HeadRecord> HeadRecorder::records() const {
    std::vector<HeadRecord> records;
    for (const Layer& layer : layers_) {
        const Shape &weights = layer.heads.weights.shape(), &values = layer.heads.values.shape();
        const std::vector<float> all_weights = layer.heads.weights.to_vector();
        const std::vector<float> all_values = layer.heads.values.to_vector();
        if (gradients_ && !layer.weight_gradient.defined()) throw Error("no gradient has reached an attention layer");
        const std::vector<float> all_gradients = gradients_ ? layer.weight_gradient.to_vector() : std::vector<float>();
        for (int64_t head = 0; head < weights[1]; ++head) {
            records.push_back({.place = layer.heads.place,
                               .layer = layer.heads.block,
                               .head = head,
                               .queries = weights[2],
                               .keys = weights[3],
                               .value_dim = values[3],
                               .causal = layer.heads.causal,
                               .weights = part_of(all_weights, head, weights[1]),
                               .values = part_of(all_values, head, weights[1]),
                               .weight_gradient = part_of(all_gradients, head, weights[1])});
        }
    }
    std::stable_sort(records.begin(), records.end(), [](const HeadRecord& a, const HeadRecord& b) {
        return std::tie(a.place, a.layer) < std::tie(b.place, b.layer);
    });
    return records;
}

Tensor HeadSubstitution::heads(const AttentionHeads& heads) {
    const Shape& shape = heads.weights.shape();
    const std::vector<float> weights = heads.weights.to_vector(), values = heads.values.to_vector();
    const std::vector<float> others = substitution_({.place = heads.place,
                                                     .layer = heads.block,
                                                     .heads = shape[1],
                                                     .queries = shape[2],
                                                     .keys = shape[3],
                                                     .value_dim = heads.values.shape()[3],
                                                     .causal = heads.causal,
                                                     .weights = weights,
                                                     .values = values});
    if (others.empty()) return {};
    if (others.size() != weights.size()) {
        throw Error("expected " + std::to_string(weights.size()) + " weights in the place of a layer's own, got " +
                    std::to_string(others.size()));
    }
    return Tensor::from_host(heads.weights.context(), shape, std::span<const float>(others));
}

}  // namespace heed
