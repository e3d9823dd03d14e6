#include "heed/attention/explanation/effective_attention.h"

#include <algorithm>
#include <numeric>

#include "heed/attention/explanation/query_spaces.h"

namespace heed {

std::vector<double> effective_attention(const AttentionHead& head, double precision) {
    check_attention_head(head);
    std::vector<double> result(head.weights.size());
    const auto make = [&](int64_t keys) { return output_space(head.values, keys, head.dim, precision); };
    for_each_query_space(head, make, [&](int64_t query, const ValueSpace& space) {
        const auto keys = static_cast<size_t>(space.keys);
        project(space, head.row(query).first(keys),
                std::span(result).subspan(static_cast<size_t>(query * head.keys), keys));
    });
    return result;
}

std::vector<double> clipped_effective_attention(const AttentionHead& head, std::vector<double> effective) {
    for (int64_t query = 0; query < head.queries; ++query) {
        const auto row = std::span(effective).subspan(static_cast<size_t>(query * head.keys),
                                                      static_cast<size_t>(head.allowed.of(query)));
        for (double& weight : row) weight = std::max(0.0, weight);
        const double sum = std::accumulate(row.begin(), row.end(), 0.0);
        for (double& weight : row) weight = sum > 0 ? weight / sum : 1 / static_cast<double>(row.size());
    }
    return effective;
}

}  // namespace heed
