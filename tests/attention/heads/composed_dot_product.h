#pragma once

#include "heed/attention/heads/scaled_dot_product.h"

namespace heed::test {

/// The same value and gradient as scaled_dot_product, composed of simple ops. Supports key lengths, not causal masks
/// and dropout; the sources must be as wide as the heads.
Variable composed_dot_product(const ScaledDotProduct& attention);

}  // namespace heed::test
