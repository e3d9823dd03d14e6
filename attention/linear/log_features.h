#pragma once

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/core/autograd/variable.h"

namespace heed {

/// Logarithms of positive features: directions . x - factor |x|^2 for each head of x, [batch, tokens, heads, features].
/// Directions are [batch, heads, features, head_dim], or [1, heads, features, head_dim] for all samples. Saves x and
/// directions.
Variable log_features(const HeadColumns& x, const Variable& directions, float factor);

}  // namespace heed
