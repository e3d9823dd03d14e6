#include "heed/attention/explanation/least_norm_attention.h"

#include "heed/attention/explanation/query_spaces.h"

namespace heed {

LeastNormAttention least_norm_attention(const AttentionHead& head, double precision) {
    check_attention_head(head);
    LeastNormAttention result;
    result.weights.resize(head.weights.size());
    result.rows.resize(static_cast<size_t>(head.queries));
    const auto make = [&](int64_t keys) { return distribution_space(head.values, keys, head.dim, precision); };
    for_each_query_space(head, make, [&](int64_t query, const ValueSpace& space) {
        const auto keys = static_cast<size_t>(space.keys);
        const auto row = std::span(result.weights).subspan(static_cast<size_t>(query * head.keys), keys);
        result.rows[static_cast<size_t>(query)] = least_norm_row(space, head.row(query).first(keys), row);
    });
    return result;
}

}  // namespace heed
