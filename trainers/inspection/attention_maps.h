#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/layers/models/image_classifier.h"

namespace heed {

/// Entropy of the weights of each query in nats, mean over the queries: 0 where every query looks at one key,
/// log(keys) where they look at all alike. `weights` is [queries, keys].
double attention_entropy(std::span<const float> weights, int64_t keys);

/// Share of the weights that are not zero.
double attention_density(std::span<const float> weights);

/// How the attention of one head lies on the image, [rows, columns] of patches: the weights of the class token, or,
/// without one, the mean over all queries. `weights` is [tokens, tokens].
std::vector<float> patch_attention(std::span<const float> weights, const PatchTransformerShape& shape);

/// Adds `share` of what flows from each query to where its weights lead: to[key] += share * sum over the queries of
/// from[query] weights[query, key].
void add_flow(std::span<const double> from, std::span<const float> weights, double share, std::span<double> to);

/// Attention rollout (Abnar and Zuidema, ACL 2020) on the image, [rows, columns] of patches: the product of
/// (A + 1) / 2 over the layers, where A is the mean over the heads of a layer, seen from the class token or from the
/// mean of the tokens. `layers` has one [tokens, tokens] a layer, the first layer first.
std::vector<float> attention_rollout(const std::vector<std::vector<float>>& layers, const PatchTransformerShape& shape);

/// A square matrix of `tokens` rows as one of at most `side` rows: the largest value of each square of entries, so that
/// a single weight between zeros stays visible.
std::vector<float> shrunk_matrix(std::span<const float> values, int64_t tokens, int64_t side);

/// The same of a matrix of other numbers of rows and columns: both are at most `side`.
std::vector<float> shrunk_matrix(std::span<const float> values, int64_t rows, int64_t columns, int64_t side);

/// Rows of the result of shrunk_matrix, or columns.
int64_t shrunk_side(int64_t tokens, int64_t side);

}  // namespace heed
