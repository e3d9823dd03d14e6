#include "heed/tests/definitions/attention/long_short.h"

#include <cmath>

#include "heed/tests/definitions/normalisation.h"
#include "heed/tests/definitions/products.h"

namespace heed::definitions {

namespace {

int64_t real_tokens_of(const Attention& attention, int64_t sample) {
    return attention.key_lengths.empty() ? attention.queries : attention.key_lengths[static_cast<std::size_t>(sample)];
}

/// sum over the tokens of a part of exp(score) x / sum of exp(score), for each summary of head h of each part.
Values summarized(const Values& x, const Values& scores, const LongShortKeys& keys, const Attention& attention) {
    const int64_t dim = attention.heads * attention.head_dim, width = attention.heads * keys.summaries;
    const int64_t parts = keys.chunk == 0 ? 1 : keys.tokens / keys.chunk;
    Values result(static_cast<std::size_t>(attention.batch * parts * keys.summaries * dim), 0.0);
    for (int64_t b = 0; b < attention.batch; ++b) {
        for (int64_t part = 0; part < parts; ++part) {
            const int64_t begin = part * keys.chunk;
            const int64_t end = keys.chunk == 0 ? real_tokens_of(attention, b) : begin + keys.chunk;
            for (int64_t s = 0; s < keys.summaries; ++s) {
                for (int64_t c = 0; c < dim; ++c) {
                    const int64_t column = c / attention.head_dim * keys.summaries + s;
                    double sum = 0, total = 0;
                    for (int64_t t = begin; t < end; ++t) {
                        const double share = std::exp(scores[(b * keys.tokens + t) * width + column]);
                        total += share;
                        sum += share * x[(b * keys.tokens + t) * dim + c];
                    }
                    result[((b * parts + part) * keys.summaries + s) * dim + c] = total == 0 ? 0 : sum / total;
                }
            }
        }
    }
    return result;
}

}  // namespace

std::vector<int64_t> LongShortKeys::window_of(int64_t query) const {
    std::vector<int64_t> met;
    for (int64_t t = 0; t < tokens; ++t) {
        const int64_t block = query / window;
        if (chunk == 0) {
            const int64_t half = (window + 1) / 2;
            if (t >= block * window - half && t < (block + 1) * window + half) met.push_back(t);
        } else {
            // The window begins where the chunk does in which the block before begins.
            const int64_t before = block == 0 ? 0 : (block - 1) * window;
            if (t <= query && t / chunk >= before / chunk) met.push_back(t);
        }
    }
    return met;
}

std::vector<int64_t> LongShortKeys::memory_of(int64_t query) const {
    std::vector<int64_t> met;
    const int64_t block = query / window, before = block == 0 ? 0 : (block - 1) * window;
    for (int64_t s = 0; s < memory(); ++s) {
        if (chunk == 0 || s / summaries < before / chunk) met.push_back(s);
    }
    return met;
}

Values windowed_attention(const Values& query, const Values& key, const Values& value, const Values& memory_key,
                          const Values& memory_value, const LongShortKeys& keys, const Attention& attention) {
    const int64_t dim = attention.heads * attention.head_dim;
    Values result(query.size(), 0.0);
    for (int64_t b = 0; b < attention.batch; ++b) {
        const int64_t length = real_tokens_of(attention, b);
        if (length == 0) continue;
        for (int64_t t = 0; t < keys.tokens; ++t) {
            for (int64_t h = 0; h < attention.heads; ++h) {
                const double* q = query.data() + (b * keys.tokens + t) * dim + h * attention.head_dim;
                std::vector<std::pair<const double*, const double*>> met;  // key and value
                const auto meet = [&](const Values& of, const Values& with, int64_t row) {
                    const int64_t place = row * dim + h * attention.head_dim;
                    met.emplace_back(of.data() + place, with.data() + place);
                };
                for (const int64_t s : keys.memory_of(t)) meet(memory_key, memory_value, b * keys.memory() + s);
                for (const int64_t u : keys.window_of(t)) {
                    if (u < length) meet(key, value, b * keys.tokens + u);
                }
                double total = 0, greatest = -INFINITY;
                std::vector<double> scores;
                for (const auto& [k, v] : met) {
                    double score = 0;
                    for (int64_t c = 0; c < attention.head_dim; ++c) score += q[c] * k[c];
                    scores.push_back(score / std::sqrt(static_cast<double>(attention.head_dim)));
                    greatest = std::max(greatest, scores.back());
                }
                for (double& score : scores) total += score = std::exp(score - greatest);
                for (std::size_t i = 0; i < met.size(); ++i) {
                    for (int64_t c = 0; c < attention.head_dim; ++c) {
                        result[(b * keys.tokens + t) * dim + h * attention.head_dim + c] +=
                            scores[i] / total * met[i].second[c];
                    }
                }
            }
        }
    }
    return result;
}

Values long_short_layer(const Values& query, const Values&, const AttentionParameters& parameters,
                        const Attention& attention) {
    const int64_t dim = attention.heads * attention.head_dim;
    Values x = query;
    for (int64_t b = 0; b < attention.batch; ++b) {
        for (int64_t i = real_tokens_of(attention, b) * dim; i < attention.queries * dim; ++i) {
            x[b * attention.queries * dim + i] = 0;
        }
    }
    const auto project = [&](const std::string& name, const Values& from) {
        return projected(from, name, parameters, dim);
    };
    const auto normalised = [&](const Values& from, const std::string& name) {
        return layer_norm(from, parameters.at(name + ".weight"), parameters.at(name + ".bias"), 1e-5);
    };
    const LongShortKeys keys{
        .tokens = attention.queries,
        .window = 2,
        .chunk = attention.causal ? 2 : 0,
        .summaries = static_cast<int64_t>(parameters.at("summary.weight").size()) / dim / attention.heads};
    const Values key = project("key", x), value = project("value", x), scores = project("summary", x);
    const auto memory = [&](const Values& of) {
        return normalised(summarized(of, scores, keys, attention), "memory_norm");
    };
    const Values heads =
        windowed_attention(project("query", x), normalised(key, "window_norm"), normalised(value, "window_norm"),
                           memory(key), memory(value), keys, attention);
    return project("output", heads);
}

}  // namespace heed::definitions
