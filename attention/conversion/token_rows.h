#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "heed/attention/attention.h"

namespace heed {

/// Tokens, one a row.
using TokenRows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Where keys and values of a batch come from.
const Tensor& source_tensor(const AttentionInput& input);

/// How many keys of each sample are real.
std::vector<int64_t> key_counts(const AttentionInput& input);
/// How many queries of each sample are real.
std::vector<int64_t> query_counts(const AttentionInput& input);

/// The first tokens of each sample of a tensor [batch, tokens, width], as many as `counts` says, one below the other.
TokenRows real_rows(const Tensor& tokens, const std::vector<int64_t>& counts);

/// The other way: the rows as the first tokens of their samples, zeros behind them, in a tensor of that shape.
Tensor spread_rows(Context& context, const TokenRows& rows, const std::vector<int64_t>& counts, const Shape& shape);

/// What the layer makes of the real queries. No gradient.
TokenRows layer_rows(Attention& layer, const AttentionInput& input);

}  // namespace heed
