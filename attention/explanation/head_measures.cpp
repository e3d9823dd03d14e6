#include "heed/attention/explanation/head_measures.h"

#include <algorithm>
#include <cmath>

#include "heed/attention/explanation/distribution_measures.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"

namespace heed {

namespace {

constexpr double changed_bound = 1e-9;

RowMeasures row_measures(std::span<const double> a, std::span<const double> effective,
                         std::span<const double> least_norm, const LeastNormRow& row) {
    RowMeasures result;
    result.keys = row.keys;
    result.rank = row.rank;
    result.freedom = row.keys - row.rank;
    result.total_variation = total_variation(a, least_norm);
    result.changed = result.total_variation > changed_bound;
    result.jensen_shannon = jensen_shannon(a, least_norm);
    result.entropy = entropy(a);
    result.least_norm_entropy = entropy(least_norm);
    result.support = support_size(a);
    result.least_norm_support = support_size(least_norm);
    result.kendall_tau = kendall_tau(a, least_norm);
    result.top_overlap = top_overlap(a, least_norm, compared_top_keys);
    for (const double weight : effective) {
        result.effective_sum += weight;
        result.effective_negative_mass -= std::min(0.0, weight);
    }
    return result;
}

}  // namespace

HeadMeasures head_measures(const AttentionHead& head, std::span<const double> effective,
                           const LeastNormAttention& least_norm) {
    if (effective.size() != head.weights.size() || least_norm.weights.size() != head.weights.size() ||
        least_norm.rows.size() != static_cast<size_t>(head.queries)) {
        throw Error("effective or least-norm attention of another size than the weights");
    }
    std::vector<RowMeasures> rows(static_cast<size_t>(head.queries));
    parallel_for(head.queries, 4, [&](int64_t begin, int64_t end) {
        for (int64_t query = begin; query < end; ++query) {
            const LeastNormRow& row = least_norm.rows[static_cast<size_t>(query)];
            const auto first = static_cast<size_t>(query * head.keys), keys = static_cast<size_t>(row.keys);
            rows[static_cast<size_t>(query)] =
                row_measures(head.weights.subspan(first, keys), effective.subspan(first, keys),
                             std::span(least_norm.weights).subspan(first, keys), row);
        }
    });
    HeadMeasures result;
    for (const LeastNormRow& row : least_norm.rows) {
        if (row.keys == 0) continue;
        ++result.methods[static_cast<size_t>(row.method)];
        result.iterations += row.iterations;
        result.greatest_output_error = std::max(result.greatest_output_error, row.output_error);
        if (row.method != LeastNormMethod::given_row) {
            result.greatest_optimality_error = std::max(result.greatest_optimality_error, row.optimality_error);
        }
    }
    std::erase_if(rows, [](const RowMeasures& row) { return row.keys == 0; });
    const double share = rows.empty() ? 0.0 : 1 / static_cast<double>(rows.size());
    for (const RowMeasures& row : rows) {
        result.changed_rows += row.changed ? 1 : 0;
        result.rank += share * static_cast<double>(row.rank);
        result.freedom += share * static_cast<double>(row.freedom);
        result.total_variation += share * row.total_variation;
        result.jensen_shannon += share * row.jensen_shannon;
        result.entropy += share * row.entropy;
        result.least_norm_entropy += share * row.least_norm_entropy;
        result.support += share * static_cast<double>(row.support);
        result.least_norm_support += share * static_cast<double>(row.least_norm_support);
        result.kendall_tau += share * row.kendall_tau;
        result.top_overlap += share * row.top_overlap;
        result.effective_sum += share * row.effective_sum;
        result.effective_negative_mass += share * row.effective_negative_mass;
        result.greatest_total_variation = std::max(result.greatest_total_variation, row.total_variation);
    }
    result.rows = std::move(rows);
    return result;
}

}  // namespace heed
