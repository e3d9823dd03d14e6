#include "heed/tests/definitions/attention/attention_types.h"

#include <algorithm>
#include <cmath>

#include "heed/tests/definitions/attention/long_short.h"
#include "heed/tests/definitions/attention/state_space.h"
#include "heed/tests/definitions/products.h"

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
    const auto project = [&](const std::string& name, const Values& x) { return projected(x, name, parameters, dim); };
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

constexpr int64_t landmarks = 3, convolution = 5;

/// Square matrices of a few rows.
struct Matrix {
    int64_t rows, columns;
    Values values;

    Matrix(int64_t r, int64_t c) : rows(r), columns(c), values(static_cast<std::size_t>(r * c), 0.0) {}
    double& at(int64_t r, int64_t c) { return values[static_cast<std::size_t>(r * columns + c)]; }
    double at(int64_t r, int64_t c) const { return values[static_cast<std::size_t>(r * columns + c)]; }
};

Matrix operator*(const Matrix& a, const Matrix& b) {
    Matrix c(a.rows, b.columns);
    for (int64_t i = 0; i < a.rows; ++i) {
        for (int64_t j = 0; j < b.columns; ++j) {
            for (int64_t k = 0; k < a.columns; ++k) c.at(i, j) += a.at(i, k) * b.at(k, j);
        }
    }
    return c;
}

/// factor I - a
Matrix less(double factor, const Matrix& a) {
    Matrix c(a.rows, a.columns);
    for (int64_t i = 0; i < a.rows; ++i) {
        for (int64_t j = 0; j < a.columns; ++j) c.at(i, j) = (i == j ? factor : 0.0) - a.at(i, j);
    }
    return c;
}

Matrix softmax_of_products(const Matrix& query, const Matrix& key) {
    Matrix shares(query.rows, key.rows);
    for (int64_t i = 0; i < query.rows; ++i) {
        double sum = 0;
        for (int64_t j = 0; j < key.rows; ++j) {
            double score = 0;
            for (int64_t c = 0; c < query.columns; ++c) score += query.at(i, c) * key.at(j, c);
            sum += shares.at(i, j) = std::exp(score / std::sqrt(static_cast<double>(query.columns)));
        }
        for (int64_t j = 0; j < key.rows; ++j) shares.at(i, j) /= sum;
    }
    return shares;
}

Matrix means_of_segments(const Matrix& x) {
    Matrix means(landmarks, x.columns);
    for (int64_t segment = 0; segment < landmarks; ++segment) {
        const int64_t begin = segment * x.rows / landmarks;
        const int64_t end = ((segment + 1) * x.rows + landmarks - 1) / landmarks;
        for (int64_t t = begin; t < end; ++t) {
            for (int64_t c = 0; c < x.columns; ++c) {
                means.at(segment, c) += x.at(t, c) / static_cast<double>(end - begin);
            }
        }
    }
    return means;
}

Matrix pseudo_inverse(const Matrix& a) {
    double greatest = 0;
    for (int64_t column = 0; column < a.columns; ++column) {
        double sum = 0;
        for (int64_t row = 0; row < a.rows; ++row) sum += a.at(row, column);
        greatest = std::max(greatest, sum);
    }
    Matrix z(a.columns, a.rows);
    for (int64_t i = 0; i < z.rows; ++i) {
        for (int64_t j = 0; j < z.columns; ++j) z.at(i, j) = a.at(j, i) / greatest;
    }
    for (int step = 0; step < 6; ++step) {
        const Matrix product = a * z;
        z = z * less(13, product * less(15, product * less(7, product)));
        for (double& value : z.values) value /= 4;
    }
    return z;
}

Values nystromformer(const Values& query, const Values& source, const AttentionParameters& parameters,
                     const Attention& a) {
    const int64_t d = a.head_dim, dim = a.heads * d;
    const auto project = [&](const std::string& name, const Values& x) { return projected(x, name, parameters, dim); };
    const Values q = project("query", query), k = project("key", source), v = project("value", source);
    const Values& kernel = parameters.at("convolution.weight");
    Values heads(q.size(), 0.0);
    for (int64_t b = 0; b < a.batch; ++b) {
        const int64_t length = a.key_lengths.empty() ? a.keys : a.key_lengths[static_cast<std::size_t>(b)];
        for (int64_t h = 0; h < a.heads; ++h) {
            const auto head = [&](const Values& x, int64_t tokens) {
                Matrix rows(tokens, d);
                for (int64_t t = 0; t < tokens; ++t) {
                    for (int64_t c = 0; c < d; ++c) {
                        rows.at(t, c) = x[static_cast<std::size_t>((b * a.keys + t) * dim + h * d + c)];
                    }
                }
                return rows;
            };
            const Matrix queries = head(q, a.queries), keys = head(k, length), values = head(v, length);
            Matrix out(a.queries, d);
            if (length <= landmarks) {
                out = softmax_of_products(queries, keys) * values;
            } else {
                const Matrix real = head(q, length);
                const Matrix query_means = means_of_segments(real), key_means = means_of_segments(keys);
                out = softmax_of_products(queries, key_means) *
                      (pseudo_inverse(softmax_of_products(query_means, key_means)) *
                       (softmax_of_products(query_means, keys) * values));
            }
            for (int64_t t = 0; t < length; ++t) {
                for (int64_t place = 0; place < convolution; ++place) {
                    const int64_t from = t + place - convolution / 2;
                    if (from < 0 || from >= length) continue;
                    const double share = kernel[static_cast<std::size_t>(h * convolution + place)];
                    for (int64_t c = 0; c < d; ++c) out.at(t, c) += share * values.at(from, c);
                }
            }
            for (int64_t t = 0; t < a.queries; ++t) {
                for (int64_t c = 0; c < d; ++c) {
                    heads[static_cast<std::size_t>((b * a.queries + t) * dim + h * d + c)] = out.at(t, c);
                }
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
        {"nystromformer",
         {{"landmarks", std::to_string(landmarks)}, {"convolution", std::to_string(convolution)}},
         nystromformer},
        {"performer", {}, nullptr},
        {"cosformer", {}, nullptr},
        {"lara", {}, nullptr},
        {"probsparse", {}, nullptr},
        {"none", {}, no_attention},
        {"s4d", {{"state", "4"}}, s4d_layer},
        {"longshort", {{"window", "2"}, {"landmarks", "3"}, {"chunk", "2"}, {"rank", "2"}}, long_short_layer},
    };
    return all;
}

}  // namespace heed::definitions
