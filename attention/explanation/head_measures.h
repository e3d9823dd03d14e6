#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "heed/attention/explanation/attention_head.h"
#include "heed/attention/explanation/least_norm_attention.h"

namespace heed {

/// A row a of attention weights beside its effective part and its least-norm distribution a'.
struct RowMeasures {
    int64_t keys = 0;      ///< keys that the query may use
    int64_t rank = 0;      ///< of [T, 1] over them
    int64_t freedom = 0;   ///< keys - rank: the dimension of the distributions with the output of a
    bool changed = false;  ///< total variation above 1e-9
    double total_variation = 0, jensen_shannon = 0;  ///< between a and a'
    double entropy = 0, least_norm_entropy = 0;
    int64_t support = 0, least_norm_support = 0;  ///< weights above 1e-12
    double kendall_tau = 0, top_overlap = 0;      ///< of a and a', the latter of their `compared_top_keys`
    double effective_sum = 0;                     ///< of the row of the effective part
    double effective_negative_mass = 0;           ///< minus the sum of its negative entries
};

/// The measures of a head's rows, and their means.
struct HeadMeasures {
    std::vector<RowMeasures> rows;  ///< one a query that may use a key
    int64_t changed_rows = 0;
    /// Means over the rows.
    double rank = 0, freedom = 0, total_variation = 0, jensen_shannon = 0, entropy = 0, least_norm_entropy = 0,
           support = 0, least_norm_support = 0, kendall_tau = 0, top_overlap = 0, effective_sum = 0,
           effective_negative_mass = 0;
    double greatest_total_variation = 0;
    /// How many rows each LeastNormMethod gave.
    std::array<int64_t, least_norm_methods> methods = {};
    int64_t iterations = 0;  ///< of all rows
    double greatest_optimality_error = 0, greatest_output_error = 0;
};

inline constexpr int64_t compared_top_keys = 10;

/// `effective` is `effective_attention(head)` and `least_norm` is `least_norm_attention(head)`.
HeadMeasures head_measures(const AttentionHead& head, std::span<const double> effective,
                           const LeastNormAttention& least_norm);

}  // namespace heed
