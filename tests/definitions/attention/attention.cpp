#include "heed/tests/definitions/attention/attention.h"

#include <cmath>

#include "heed/tests/definitions/products.h"
#include "heed/tests/definitions/tokens.h"

namespace heed::definitions {

namespace {

double component(const Heads& x, int64_t tokens, int64_t head_dim, int64_t b, int64_t t, int64_t h, int64_t c) {
    return x.values[static_cast<std::size_t>((b * tokens + t) * x.width + x.first_column + h * head_dim + c)];
}

}  // namespace

Values attention_weights(const Heads& query, const Heads& key, const Attention& a) {
    Values weights;
    for (int64_t b = 0; b < a.batch; ++b) {
        for (int64_t h = 0; h < a.heads; ++h) {
            for (int64_t i = 0; i < a.queries; ++i) {
                Values row(static_cast<std::size_t>(a.keys), 0);
                double sum = 0;
                for (int64_t j = 0; j < a.keys; ++j) {
                    if (!a.key_lengths.empty() && j >= a.key_lengths[static_cast<std::size_t>(b)]) continue;
                    if (a.causal && j - a.keys > i - a.queries) continue;
                    if ((a.before >= 0 && j < i - a.before) || (a.after >= 0 && j > i + a.after)) continue;
                    double score = 0;
                    for (int64_t c = 0; c < a.head_dim; ++c) {
                        score += component(query, a.queries, a.head_dim, b, i, h, c) *
                                 component(key, a.keys, a.head_dim, b, j, h, c);
                    }
                    const double e = std::exp(score / std::sqrt(static_cast<double>(a.head_dim)));
                    row[static_cast<std::size_t>(j)] = e;
                    sum += e;
                }
                for (const double e : row) weights.push_back(e == 0 ? 0 : e / sum);
            }
        }
    }
    return weights;
}

Values scaled_dot_product(const Heads& query, const Heads& key, const Heads& value, const Attention& a) {
    const Values weights = attention_weights(query, key, a);
    const int64_t padded_queries = (a.queries + 63) / 64 * 64;
    Values out;
    for (int64_t b = 0; b < a.batch; ++b) {
        for (int64_t i = 0; i < a.queries; ++i) {
            for (int64_t h = 0; h < a.heads; ++h) {
                const double* row =
                    weights.data() + static_cast<std::size_t>(((b * a.heads + h) * a.queries + i) * a.keys);
                for (int64_t c = 0; c < a.head_dim; ++c) {
                    double sum = 0;
                    for (int64_t j = 0; j < a.keys; ++j) {
                        if (row[j] == 0) continue;
                        double weight = row[j];
                        if (a.dropout > 0) {
                            const int64_t element = (h * a.keys + j) * padded_queries + i;
                            weight *= a.random.dropout_factor(b, element, a.dropout);
                        }
                        sum += weight * component(value, a.keys, a.head_dim, b, j, h, c);
                    }
                    out.push_back(sum);
                }
            }
        }
    }
    return out;
}

namespace {

/// Empty where there is none.
Values parameter(const AttentionParameters& parameters, const std::string& name) {
    const auto place = parameters.find(name);
    return place == parameters.end() ? Values{} : place->second;
}

}  // namespace

Values projected(const Values& x, const std::string& name, const AttentionParameters& parameters, int64_t dim) {
    const Values weight = parameter(parameters, name + ".weight");
    const auto rows = static_cast<int64_t>(weight.size()) / dim;
    return weight.empty() ? x : linear(x, weight, parameter(parameters, name + ".bias"), dim, rows);
}

Values attention_layer(const Values& query, const Values& source, const AttentionParameters& parameters,
                       const Attention& attention) {
    const int64_t dim = attention.heads * attention.head_dim;
    const auto project = [&](const std::string& name, const Values& x) { return projected(x, name, parameters, dim); };
    Values value = project("value", source);
    const Values alignment = parameter(parameters, "alignment.weight");
    if (!alignment.empty()) {
        const auto n = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(alignment.size()))));
        value = mix_tokens(value, alignment, n, attention.key_lengths, attention.causal,
                           {attention.batch, attention.keys, dim});
    }
    const Values q = project("query", query), key = project("key", source);
    return project("output", scaled_dot_product({q, dim}, {key, dim}, {value, dim}, attention));
}

}  // namespace heed::definitions
