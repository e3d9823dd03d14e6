#pragma once

#include <vector>

#include "heed/core/kernels/activation_kernels.h"
#include "heed/tests/definitions/values.h"
#include "heed/tests/support/op_harness.h"

namespace heed::test {

std::vector<OpCase> elementwise_cases();  ///< activation, add, scale, dropout, drop_path, probe, residual_add, cast
std::vector<OpCase> product_cases();      ///< linear, linear_activation, matmul, mix_tokens, permute_heads, reshape
std::vector<OpCase> row_cases();  ///< layer_norm, residual_layer_norm, softmax, cross_entropy, binary_cross_entropy,
                                  ///< distillation, squared_error
std::vector<OpCase>
token_cases();  ///< embedding, to_patches, assemble_tokens, pool_tokens, last_tokens, first_tokens, real_tokens

/// All of them: every op of core has at least one.
std::vector<OpCase> core_op_cases();

/// Every activation, and the formula of each in double.
inline constexpr Activation all_activations[] = {Activation::relu, Activation::gelu, Activation::gelu_tanh,
                                                 Activation::silu, Activation::tanh};
definitions::Values (*activation_definition(Activation kind))(const definitions::Values&);

/// linear_activation and residual_layer_norm, to be held against the compositions that define them.
OpCase linear_activation_case(const Shape& x, int64_t out, Activation kind, bool bias);
OpCase residual_layer_norm_case(const Shape& shape, float dropout);

}  // namespace heed::test
