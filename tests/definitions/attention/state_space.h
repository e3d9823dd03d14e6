#pragma once

#include "heed/tests/definitions/attention/attention.h"

namespace heed::definitions {

struct StateSpaceSizes {
    int64_t batch, tokens, width, modes, directions;
    Integers lengths = {};
};

/// The continuous state spaces x' = A x + u by zero-order hold, one after the other: decays e^(h A) [modes, 2, width]
/// and weights 2 C (e^(h A) - 1) / A [directions, modes, 2, width], with h = 0.01 e^step and A = -0.5 e^decay +
/// i (first frequency + frequency).
struct DiscreteStateSpace {
    Values decay, weights;
};
DiscreteStateSpace discretisation(const Values& step, const Values& decay, const Values& frequency,
                                  const Values& readout, bool linear, const StateSpaceSizes& sizes);

/// y [batch, tokens, width] by the recurrence of the states, direction by direction.
Values state_space_recurrence(const Values& x, const Values& decay, const Values& weights, const Values& skip,
                              const StateSpaceSizes& sizes);

/// The same by the convolution with the kernel K(l) = Re sum over n of weight_n decay_n^l, with each power computed on
/// its own.
Values state_space_convolution(const Values& x, const Values& decay, const Values& weights, const Values& skip,
                               const StateSpaceSizes& sizes);

/// A layer of S4D with parameters "step", "decay", "frequency", "readout" and "skip" and S4D-Inv frequencies: GELU of
/// its state spaces, times "output.weight", plus "output.bias" where there is one.
Values s4d_layer(const Values& query, const Values& source, const AttentionParameters& parameters,
                 const Attention& attention);

}  // namespace heed::definitions
