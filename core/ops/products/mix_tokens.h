#pragma once

#include "heed/core/autograd/variable.h"

namespace heed {

/// A linear map over the tokens, the same for every feature: y[b, t, :] = sum over tokens u of weight[t, u] x[b, u, :].
/// x is [batch, tokens, width], weight [n, n] with n >= tokens; the leading block [tokens, tokens] is used in place.
/// `lengths` (i32 [batch], or undefined): what stands in x from token lengths[b] on is not read and counts as 0.
/// `causal`: only u <= t take part; the upper triangle of weight is not read and gets a gradient of 0, and no value of
/// a later token, NaN included, reaches an earlier one.
/// x may be of bf16, where products take it; y then is, too.
/// Saves x and weight. Backward: dx = weight^T dy at real tokens, dweight = sum over b of dy[b] x[b]^T.
Variable mix_tokens(const Variable& x, const Variable& weight, const Tensor& lengths = Tensor(), bool causal = false);

}  // namespace heed
