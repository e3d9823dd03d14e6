#include "heed/attention/explanation/attention_head.h"

#include <fmt/core.h>

#include <cmath>

#include "heed/core/error.h"

namespace heed {

namespace {

/// The sum of a row that is a distribution over its first `allowed` keys, to `tolerance`.
template <class Real>
double distribution_sum(std::span<const Real> row, int64_t query, int64_t allowed, double tolerance) {
    double sum = 0;
    for (size_t key = 0; key < row.size(); ++key) {
        const double weight = row[key];
        if (!(weight >= 0) || std::isinf(weight)) {
            throw Error(fmt::format("attention weights are at least 0 and finite, got {} at query {}, key {}", weight,
                                    query, key));
        }
        if (weight > 0 && static_cast<int64_t>(key) >= allowed) {
            throw Error(
                fmt::format("query {} may use {} keys, got the weight {} at key {}", query, allowed, weight, key));
        }
        sum += weight;
    }
    if (allowed > 0 && !(std::abs(sum - 1) <= tolerance)) {
        throw Error(fmt::format("attention weights of a query sum to 1, got {} at query {}", sum, query));
    }
    return sum;
}

void check_size(const char* what, size_t got, int64_t rows, int64_t columns) {
    if (rows < 0 || columns < 0 || got != static_cast<size_t>(rows * columns)) {
        throw Error(fmt::format("{} of [{}, {}] expected, got {} numbers", what, rows, columns, got));
    }
}

void check_allowed(const AllowedKeys& allowed, int64_t keys) {
    if (allowed.keys < 0 || allowed.keys > keys) {
        throw Error(fmt::format("a number of allowed keys from 0 to {} expected, got {}", keys, allowed.keys));
    }
}

}  // namespace

std::vector<double> doubles(std::span<const float> values) {
    return {values.begin(), values.end()};
}

std::vector<double> distributions(std::span<const float> weights, int64_t queries, int64_t keys,
                                  const AllowedKeys& allowed) {
    check_size("attention weights", weights.size(), queries, keys);
    check_allowed(allowed, keys);
    std::vector<double> result(weights.size());
    for (int64_t query = 0; query < queries; ++query) {
        const auto row = weights.subspan(static_cast<size_t>(query * keys), static_cast<size_t>(keys));
        const double sum = distribution_sum(row, query, allowed.of(query), 1e-3);
        for (size_t key = 0; key < row.size(); ++key) {
            if (row[key] > 0) result[static_cast<size_t>(query * keys) + key] = row[key] / sum;
        }
    }
    return result;
}

void check_attention_head(const AttentionHead& head) {
    check_size("attention weights", head.weights.size(), head.queries, head.keys);
    check_size("values", head.values.size(), head.keys, head.dim);
    check_allowed(head.allowed, head.keys);
    for (const double value : head.values) {
        if (!std::isfinite(value)) throw Error(fmt::format("finite values of a head expected, got {}", value));
    }
    for (int64_t query = 0; query < head.queries; ++query) {
        distribution_sum(head.row(query), query, head.allowed.of(query), 1e-9);
    }
}

}  // namespace heed
