#include "heed/tests/definitions/attention/feature_attention.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace heed::definitions {

Values feature_weights(const Values& query, const Values& key, const FeatureAttention& a) {
    Values weights;
    for (int64_t row = 0; row < a.batch * a.heads * a.queries; ++row) {
        const int64_t i = row % a.queries, h = row / a.queries % a.heads, b = row / a.queries / a.heads;
        int64_t visible = a.key_lengths.empty() ? a.keys : a.key_lengths[static_cast<std::size_t>(b)];
        if (a.causal) visible = std::min(visible, i + 1);
        Values shares(static_cast<std::size_t>(a.keys), 0);
        double sum = 0;
        for (int64_t j = 0; j < visible; ++j) {
            double product = 0;
            for (int64_t c = 0; c < a.features; ++c) {
                const double q = query[static_cast<std::size_t>(((b * a.queries + i) * a.heads + h) * a.features + c)];
                const double k = key[static_cast<std::size_t>(((b * a.keys + j) * a.heads + h) * a.features + c)];
                product += a.logarithmic ? std::exp(q + k) : q * k;
            }
            shares[static_cast<std::size_t>(j)] = product;
            sum += product;
        }
        if (!a.logarithmic && sum < a.floor) sum = a.floor;
        for (int64_t j = 0; j < a.keys; ++j) {
            weights.push_back(j < visible ? shares[static_cast<std::size_t>(j)] / sum : 0);
        }
    }
    return weights;
}

Values feature_attention(const Values& query, const Values& key, const Values& value, const FeatureAttention& a) {
    const Values weights = feature_weights(query, key, a);
    Values out;
    for (int64_t b = 0; b < a.batch; ++b) {
        for (int64_t i = 0; i < a.queries; ++i) {
            for (int64_t h = 0; h < a.heads; ++h) {
                const double* row =
                    weights.data() + static_cast<std::size_t>(((b * a.heads + h) * a.queries + i) * a.keys);
                int64_t visible = a.key_lengths.empty() ? a.keys : a.key_lengths[static_cast<std::size_t>(b)];
                if (a.causal) visible = std::min(visible, i + 1);
                for (int64_t x = 0; x < a.head_dim; ++x) {
                    double sum = 0;
                    for (int64_t j = 0; j < visible; ++j) {
                        sum +=
                            row[j] * value[static_cast<std::size_t>(((b * a.keys + j) * a.heads + h) * a.head_dim + x)];
                    }
                    out.push_back(sum);
                }
            }
        }
    }
    return out;
}

Values log_features(const Values& x, const Values& directions, double factor, const FeatureAttention& a,
                    int64_t tokens) {
    const auto per_sample = static_cast<std::size_t>(a.heads * a.features * a.head_dim);
    Values y;
    for (int64_t row = 0; row < a.batch * tokens * a.heads; ++row) {
        const int64_t h = row % a.heads, b = row / a.heads / tokens;
        const double* own = x.data() + static_cast<std::size_t>(row * a.head_dim);
        double norm = 0;
        for (int64_t r = 0; r < a.head_dim; ++r) norm += own[r] * own[r];
        for (int64_t c = 0; c < a.features; ++c) {
            const double* direction = directions.data() + static_cast<std::size_t>((h * a.features + c) * a.head_dim);
            if (directions.size() > per_sample) direction += per_sample * static_cast<std::size_t>(b);
            double sum = 0;
            for (int64_t r = 0; r < a.head_dim; ++r) sum += direction[r] * own[r];
            y.push_back(sum - factor * norm);
        }
    }
    return y;
}

Values cosine_features(const Values& x, const Integers& periods, int64_t tokens, int64_t heads, int64_t head_dim) {
    Values y;
    for (std::size_t row = 0; row < x.size() / static_cast<std::size_t>(head_dim); ++row) {
        const auto token = static_cast<int64_t>(row) / heads;
        const double angle = std::numbers::pi / 2 * static_cast<double>(token % tokens + 1) /
                             static_cast<double>(periods[static_cast<std::size_t>(token / tokens)]);
        for (const double factor : {std::sin(angle), std::cos(angle)}) {
            for (int64_t c = 0; c < head_dim; ++c) {
                const double value = x[row * static_cast<std::size_t>(head_dim) + static_cast<std::size_t>(c)];
                y.push_back((value < 0 ? 0 : value) * factor);
            }
        }
    }
    return y;
}

Values segment_means(const Values& x, const Integers& lengths, int64_t tokens, int64_t heads, int64_t head_dim,
                     int64_t segments) {
    Values y;
    for (std::size_t b = 0; b < lengths.size(); ++b) {
        const auto n = static_cast<double>(lengths[b]), l = static_cast<double>(segments);
        for (int64_t h = 0; h < heads; ++h) {
            for (int64_t segment = 0; segment < segments; ++segment) {
                const auto begin = static_cast<int64_t>(std::floor(static_cast<double>(segment) * n / l));
                const auto end = static_cast<int64_t>(std::ceil(static_cast<double>(segment + 1) * n / l));
                for (int64_t c = 0; c < head_dim; ++c) {
                    double sum = 0;
                    for (int64_t t = begin; t < end; ++t) {
                        sum += x[(b * static_cast<std::size_t>(tokens) + static_cast<std::size_t>(t)) *
                                     static_cast<std::size_t>(heads * head_dim) +
                                 static_cast<std::size_t>(h * head_dim + c)];
                    }
                    y.push_back(end > begin ? sum / static_cast<double>(end - begin) : 0);
                }
            }
        }
    }
    return y;
}

}  // namespace heed::definitions
