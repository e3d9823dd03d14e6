#pragma once

#include "heed/tests/definitions/values.h"

namespace heed::definitions {

/// Rows `ids` of table [vocabulary, dim], times factor.
Values embedding(const Values& table, const Integers& ids, int64_t dim, double factor);

struct ImageSizes {
    int64_t batch, channels, height, width;
};

/// images [batch, channels, height, width] -> [batch, patches, channels * window * window] with window = patch + 2 *
/// overlap, patches row by row, zeros outside of the image.
Values to_patches(const Values& images, const ImageSizes& sizes, int64_t patch, int64_t overlap);

struct TokenSizes {
    int64_t batch, tokens, dim;
};

/// x [batch, tokens, dim] behind a class token [dim] (or none, when empty), plus positions [length, dim] (or none).
Values assemble_tokens(const Values& x, const Values& class_token, const Values& positions, const TokenSizes& sizes);

/// The first token of each sequence [batch, tokens, dim].
Values pool_first(const Values& x, const TokenSizes& sizes);
Values pool_second(const Values& x, const TokenSizes& sizes);
/// The mean of the first lengths[b] tokens; 0 without any.
Values pool_mean(const Values& x, const Integers& lengths, const TokenSizes& sizes);
/// The largest value of each feature among the first lengths[b] tokens, NaN if one is NaN; 0 without any.
Values pool_max(const Values& x, const Integers& lengths, const TokenSizes& sizes);

/// y[b, t, :] = sum over u of weight[t, u] x[b, u, :] with the leading block of weight [n, n]; u < lengths[b] (or all,
/// when empty) and, where causal, u <= t.
Values mix_tokens(const Values& x, const Values& weight, int64_t n, const Integers& lengths, bool causal,
                  const TokenSizes& sizes);

/// The last `count` tokens of each sequence.
Values last_tokens(const Values& x, const TokenSizes& sizes, int64_t count);
/// The first ones.
Values first_tokens(const Values& x, const TokenSizes& sizes, int64_t count);

/// x with zeros from token lengths[b] on (nowhere, when empty).
Values real_tokens(const Values& x, const Integers& lengths, const TokenSizes& sizes);

}  // namespace heed::definitions
