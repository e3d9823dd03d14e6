#pragma once

#include <cstdint>
#include <vector>

#include "heed/attention/explanation/attention_head.h"

namespace heed::test {

/// What rows of attention weights look like: softmax of normal scores times 1, 3, or 10; one key alone; a softmax that
/// underflows to 0 at most keys; weights at a quarter of the keys alone.
enum class RowKind : uint8_t { flat, sharp, very_sharp, one_hot, underflowed, sparse };

inline constexpr RowKind row_kinds[] = {RowKind::flat,    RowKind::sharp,       RowKind::very_sharp,
                                        RowKind::one_hot, RowKind::underflowed, RowKind::sparse};

const char* row_kind_name(RowKind kind);

struct HeadShape {
    int64_t keys = 0, dim = 0;  ///< as many queries as keys
    RowKind kind = RowKind::flat;
    bool causal = false;
    int64_t real_keys = -1;  ///< -1: all
};

/// A head with standard normal values, rounded to floats, and random weights.
struct RandomHead {
    int64_t queries = 0, keys = 0, dim = 0;
    AllowedKeys allowed;
    std::vector<double> weights, values;

    AttentionHead view() const { return {queries, keys, dim, weights, values, allowed}; }
};

RandomHead random_head(const HeadShape& shape, uint64_t seed);

}  // namespace heed::test
