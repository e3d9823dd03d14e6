#pragma once

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/core/autograd/variable.h"

// Some queries of each head, and what is found for them.

namespace heed {

struct QuerySelectionInput {
    HeadColumns query, key;  ///< of one sequence
    int64_t heads = 1;
    int64_t head_dim = 1;
    int64_t factor = 1;
    Tensor lengths = {};  ///< of real tokens, i32 [batch]; undefined: all
    /// Random bits, i32 [tokens, most queries of a head]; row i samples keys for query i.
    Tensor words;
};

/// For each head the min(n, factor ceil(ln n)) of n real queries whose sampled scores are the least even, i32 [batch,
/// heads, most]; -1 behind the last. Measured are the greatest of as many sampled scores less their sum over n (Zhou et
/// al., AAAI 2021, equation 4). No gradient.
Tensor select_queries(const QuerySelectionInput& input);

/// The rows of the selected queries, [batch, most, heads * head_dim]; zeros where there is none. Saves `selected`.
Variable take_rows(const HeadColumns& x, int64_t head_dim, const Tensor& selected);

/// Rows [batch, most, heads * head_dim] at the places of the selected queries among `tokens`, and those of `mean`, one
/// token, in all others: [batch, tokens, heads * head_dim]. Saves `selected`.
Variable place_rows(const Variable& rows, const HeadColumns& mean, int64_t head_dim, const Tensor& selected,
                    int64_t tokens);

}  // namespace heed
