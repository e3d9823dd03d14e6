#include "heed/trainers/explanation/relevance.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "heed/core/error.h"
#include "heed/trainers/inspection/attention_maps.h"

namespace heed {

namespace {

/// A layer as one matrix [queries, keys].
struct LayerMatrix {
    std::vector<float> values;
    int64_t keys = 0;
    int64_t heads = 0;
};

using LayerMatrices = std::map<std::pair<AttentionPlace, int64_t>, LayerMatrix>;

void check_keys(const ExplainedInput& input, const HeadRecord& head) {
    if (head.place == AttentionPlace::decoder || head.keys == std::ssize(input.units)) return;
    throw Error("expected heads of " + std::to_string(input.units.size()) + " keys, one a unit, got " +
                std::to_string(head.keys));
}

/// max(0, A dL/dA) of one entry.
float positive_gradient(const HeadRecord& head, size_t entry) {
    if (head.weight_gradient.size() != head.weights.size()) throw Error("expected heads with gradients");
    return std::max(0.0F, head.weights[entry] * head.weight_gradient[entry]);
}

/// The mean over the heads of each layer of what `value_of` gives of an entry.
template <class Value>
LayerMatrices layer_means(const ExplainedInput& input, std::span<const HeadRecord> heads, const Value& value_of) {
    LayerMatrices layers;
    for (const HeadRecord& head : heads) {
        check_keys(input, head);
        LayerMatrix& layer = layers[{head.place, head.layer}];
        layer.keys = head.keys;
        layer.values.resize(head.weights.size(), 0.0F);
        for (size_t entry = 0; entry < head.weights.size(); ++entry) layer.values[entry] += value_of(head, entry);
        ++layer.heads;
    }
    for (auto& [place, layer] : layers) {
        for (float& value : layer.values) value /= static_cast<float>(layer.heads);
    }
    return layers;
}

/// What flows from the queries that are read to the units, from the last layer to the first: through each layer
/// `residual` of it stays where it is and `share` goes where attention leads.
std::vector<double> flow_to_units(const ExplainedInput& input, const LayerMatrices& layers, double residual,
                                  double share) {
    std::vector<double> units(input.units.size(), 0.0);
    std::vector<double> target;  // of translators: the tokens before the explained one
    if (input.target) {
        target.assign(static_cast<size_t>(input.target->position) + 1, 0.0);
        target.back() = 1.0;
    } else {
        for (const int64_t query : input.read_queries) {
            units[static_cast<size_t>(query)] = 1.0 / static_cast<double>(input.read_queries.size());
        }
    }
    const auto pass = [&](std::vector<double>& flow, const LayerMatrix& layer) {
        std::vector<double> before = flow;
        for (double& value : before) value *= residual;
        add_flow(flow, layer.values, share, before);
        flow = std::move(before);
    };
    int64_t decoder_depth = 0, encoder_depth = 0;
    for (const auto& [place, layer] : layers) {
        int64_t& depth = place.first == AttentionPlace::encoder ? encoder_depth : decoder_depth;
        depth = std::max(depth, place.second + 1);
    }
    for (int64_t block = decoder_depth - 1; block >= 0; --block) {
        add_flow(target, layers.at({AttentionPlace::cross, block}).values, share, units);
        for (double& value : target) value *= residual;
        pass(target, layers.at({AttentionPlace::decoder, block}));
    }
    for (int64_t block = encoder_depth - 1; block >= 0; --block) {
        pass(units, layers.at({AttentionPlace::encoder, block}));
    }
    return units;
}

}  // namespace

std::vector<double> raw_attention_relevance(const ExplainedInput& input, std::span<const HeadRecord> heads) {
    const AttentionPlace place = input.target ? AttentionPlace::cross : AttentionPlace::encoder;
    std::vector<double> units(input.units.size(), 0.0);
    int64_t rows = 0;
    for (const HeadRecord& head : heads) {
        if (head.place != place) continue;
        check_keys(input, head);
        for (const int64_t query : input.read_queries) {
            const float* row = head.weights.data() + query * head.keys;
            for (size_t unit = 0; unit < units.size(); ++unit) units[unit] += static_cast<double>(row[unit]);
            ++rows;
        }
    }
    for (double& value : units) value /= static_cast<double>(std::max<int64_t>(1, rows));
    return units;
}

std::vector<double> gradient_attention_relevance(const ExplainedInput& input, std::span<const HeadRecord> heads) {
    std::vector<double> units(input.units.size(), 0.0);
    for (const HeadRecord& head : heads) {
        if (head.place == AttentionPlace::decoder) continue;
        check_keys(input, head);
        for (size_t entry = 0; entry < head.weights.size(); ++entry) {
            units[entry % units.size()] += static_cast<double>(positive_gradient(head, entry));
        }
    }
    return units;
}

std::vector<double> rollout_relevance(const ExplainedInput& input, std::span<const HeadRecord> heads) {
    const auto weight = [](const HeadRecord& head, size_t entry) { return head.weights[entry]; };
    return flow_to_units(input, layer_means(input, heads, weight), 0.5, 0.5);
}

std::vector<double> gradient_rollout_relevance(const ExplainedInput& input, std::span<const HeadRecord> heads) {
    return flow_to_units(input, layer_means(input, heads, positive_gradient), 1.0, 1.0);
}

}  // namespace heed
