#include "heed/tests/definitions/attention_types.h"

#include <cmath>

#include "heed/tests/definitions/products.h"
#include "heed/tests/definitions/state_space.h"

namespace heed::definitions {

namespace {

Values no_attention(const Values& query, const Values&, const AttentionParameters&, const Attention&) {
    return Values(query.size(), 0.0);
}

constexpr int64_t window = 2;

Values local_attention(const Values& query, const Values& source, const AttentionParameters& parameters,
                       const Attention& attention) {
    Attention local = attention;
    local.before = attention.causal ? window - 1 : window;
    local.after = attention.causal ? 0 : window;
    return attention_layer(query, source, parameters, local);
}

constexpr int64_t slots = 3;

/// x (and positions up to `last`, or the length) mixed by each slot of a head: softmax(s x / sqrt(d)) x.
Values slot_mean(const Values& x, const double* slot, int64_t b, int64_t h, int64_t last, const Attention& a) {
    const int64_t d = a.head_dim, dim = a.heads * d;
    const auto token = [&](int64_t i) { return x.data() + (b * a.keys + i) * dim + h * d; };
    Values mean(static_cast<std::size_t>(d), 0.0);
    double sum = 0;
    for (int64_t i = 0; i <= last; ++i) {
        double score = 0;
        for (int64_t c = 0; c < d; ++c) score += slot[h * d + c] * token(i)[c];
        const double share = std::exp(score / std::sqrt(static_cast<double>(d)));
        sum += share;
        for (int64_t c = 0; c < d; ++c) mean[static_cast<std::size_t>(c)] += share * token(i)[c];
    }
    for (double& component : mean) component /= sum;
    return mean;
}

Values abc_attention(const Values& query, const Values& source, const AttentionParameters& parameters,
                     const Attention& a) {
    const int64_t d = a.head_dim, dim = a.heads * d;
    const auto project = [&](const std::string& name, const Values& x) {
        const auto bias = parameters.find(name + ".bias");
        return linear(x, parameters.at(name + ".weight"), bias == parameters.end() ? Values{} : bias->second, dim, dim);
    };
    const Values q = project("query", query), k = project("key", source), v = project("value", source);
    const Values &key_slots = parameters.at("key_slots.weight"), &value_slots = parameters.at("value_slots.weight");
    Values heads(q.size(), 0.0);
    for (int64_t b = 0; b < a.batch; ++b) {
        for (int64_t t = 0; t < a.queries; ++t) {
            const int64_t length = a.key_lengths.empty() ? a.keys : a.key_lengths[static_cast<std::size_t>(b)];
            if (a.causal && t >= length) continue;  // padding
            for (int64_t h = 0; h < a.heads; ++h) {
                const int64_t last = a.causal ? t : length - 1, at = (b * a.queries + t) * dim + h * d;
                double sum = 0;
                for (int64_t slot = 0; slot < slots; ++slot) {
                    const Values key = slot_mean(k, key_slots.data() + slot * dim, b, h, last, a);
                    const Values value = slot_mean(v, value_slots.data() + slot * dim, b, h, last, a);
                    double score = 0;
                    for (int64_t c = 0; c < d; ++c)
                        score += q[static_cast<std::size_t>(at + c)] * key[static_cast<std::size_t>(c)];
                    const double share = std::exp(score / std::sqrt(static_cast<double>(d)));
                    sum += share;
                    for (int64_t c = 0; c < d; ++c) {
                        heads[static_cast<std::size_t>(at + c)] += share * value[static_cast<std::size_t>(c)];
                    }
                }
                for (int64_t c = 0; c < d; ++c) heads[static_cast<std::size_t>(at + c)] /= sum;
            }
        }
    }
    return project("output", heads);
}

}  // namespace

std::span<const AttentionDefinition> attention_definitions() {
    static const AttentionDefinition all[] = {
        {"sdpa", {}, attention_layer},
        {"optimised", {}, attention_layer},
        {"efficient", {}, attention_layer},
        {"super", {}, attention_layer},
        {"smyrf", {}, attention_layer},  // in one cluster
        {"local", {{"window", std::to_string(window)}}, local_attention},
        {"abc", {{"slots", std::to_string(slots)}}, abc_attention},
        {"performer", {}, nullptr},
        {"cosformer", {}, nullptr},
        {"lara", {}, nullptr},
        {"probsparse", {}, nullptr},
        {"none", {}, no_attention},
        {"s4d", {{"state", "4"}}, s4d_layer},
    };
    return all;
}

}  // namespace heed::definitions
