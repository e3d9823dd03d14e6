#pragma once

#include "heed/attention/state_space/discretisation.h"
#include "heed/core/autograd/variable.h"

namespace heed {

/// The outputs of state spaces in discrete time, each channel of x [batch, tokens, width] on its own: with complex
/// states s_n(t) = decay_n s_n(t - 1) + x(t) that start at 0,
///     y(t) = skip x(t) + Re sum over n of weight_n s_n(t)
/// (Gu, Gupta, Goel, Re, NeurIPS 2022, equation 3), which is the convolution of x with K(l) = Re sum over n of weight_n
/// decay_n^l. With two directions of weights, the second one meets the tokens behind t alike: + Re sum over n of
/// weight'_n r_n(t), r_n(t) = decay_n r_n(t + 1) + x(t + 1). `lengths` (i32 [batch], or undefined): what stands in x
/// from token lengths[b] on is not read and y is 0 there. Work grows with tokens * width * modes. Saves x, decay,
/// weights and skip.
Variable state_space_scan(const Variable& x, const StateSpace& space, const Variable& skip,
                          const Tensor& lengths = Tensor());

/// The same for tokens that continue others, without a gradient: `states` [batch, modes, 2, width] holds those behind
/// the token before x, and afterwards those behind the last of x. One direction alone.
Tensor continue_state_space(const Tensor& x, const StateSpace& space, const Variable& skip, Tensor& states);

}  // namespace heed
