#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace heed {

/// Which keys each query of a head may use: always the first ones.
struct AllowedKeys {
    int64_t keys = 0;  ///< real keys: those behind them are padding
    bool causal = false;
    /// In causal attention query i may use the keys 0 .. i + offset.
    int64_t offset = 0;

    /// How many keys query `query` may use.
    int64_t of(int64_t query) const { return causal ? std::clamp<int64_t>(query + offset + 1, 0, keys) : keys; }
};

/// What one head did with one sample: its weights A and its values T, whose product A T is the head's output. T may be
/// the values after any linear map that is the same for all keys, as the head's slice of the output projection.
struct AttentionHead {
    int64_t queries = 0, keys = 0, dim = 0;
    /// A [queries, keys]: a distribution in each row, 0 at keys that the query may not use.
    std::span<const double> weights;
    std::span<const double> values;  ///< T [keys, dim]
    AllowedKeys allowed;

    std::span<const double> row(int64_t query) const {
        return weights.subspan(static_cast<size_t>(query * keys), static_cast<size_t>(keys));
    }
};

/// Values of a tensor as doubles.
std::vector<double> doubles(std::span<const float> values);

/// The weights [queries, keys] of a model as distributions in double precision: each row over its sum, which is 1 only
/// to the rounding of floats. A row of a query that may use no key becomes 0. Throws Error where a row is no
/// distribution over its allowed keys: a negative or infinite weight, a sum that differs from 1 by more than 1e-3, a
/// weight above 0 at another key.
std::vector<double> distributions(std::span<const float> weights, int64_t queries, int64_t keys,
                                  const AllowedKeys& allowed);

/// Throws Error unless the sizes of the spans are those that are told, values are finite and each row of weights is a
/// distribution over its allowed keys: at least 0, sum 1 to 1e-9 (0 where no key is allowed), 0 at other keys.
void check_attention_head(const AttentionHead& head);

}  // namespace heed
