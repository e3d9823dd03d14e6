#pragma once

#include "heed/core/autograd/variable.h"
#include "heed/core/kernels/token_pool_kernels.h"

namespace heed {

/// Puts a class token in front of x [batch, tokens, dim] and adds positions: class_token [dim] or undefined, positions
/// [at least tokens (+ 1 with a class token), dim], whose first rows are used, or undefined. Saves nothing.
Variable assemble_tokens(const Variable& x, const Variable& class_token, const Variable& positions);

/// One vector a sequence, x [batch, tokens, dim] -> [batch, dim]: the first or second token, or the mean or maximum of
/// the first lengths[b] tokens (i32, or undefined: all; zeros where a length is 0). Max saves the positions of the
/// maxima.
Variable pool_tokens(const Variable& x, TokenPool kind, const Tensor& lengths = Tensor());

}  // namespace heed
