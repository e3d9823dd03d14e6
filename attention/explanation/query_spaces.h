#pragma once

#include <algorithm>
#include <cstdint>

#include "heed/attention/explanation/attention_head.h"
#include "heed/attention/explanation/value_space.h"
#include "heed/core/parallel.h"

namespace heed {

/// Calls `body(query, space)` once for each query of the head, on any thread, with `make(keys)` of the keys that the
/// query may use: made once where all queries may use the same ones, else for each.
template <class Make, class Body>
void for_each_query_space(const AttentionHead& head, const Make& make, const Body& body) {
    if (head.queries == 0) return;
    const int64_t first_keys = head.allowed.of(0), last_keys = head.allowed.of(head.queries - 1);
    ValueSpace shared;
    if (first_keys == last_keys) shared = make(first_keys);
    constexpr int64_t rows_of_a_chunk = 4;
    parallel_for(head.queries, rows_of_a_chunk, [&](int64_t begin, int64_t end) {
        for (int64_t query = begin; query < end; ++query) {
            if (first_keys == last_keys) {
                body(query, shared);
            } else {
                body(query, make(head.allowed.of(query)));
            }
        }
    });
}

}  // namespace heed
