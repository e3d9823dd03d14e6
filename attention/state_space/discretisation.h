#pragma once

#include "heed/attention/state_space/discretisation_kernels.h"
#include "heed/core/autograd/variable.h"

namespace heed {

/// Diagonal state spaces in discrete time. Complex numbers as in StateSpaceShape.
struct StateSpace {
    Variable decay;    ///< [modes, 2, width]: of the states from a token to the next
    Variable weights;  ///< [directions, modes, 2, width]: with which the states are read
};

/// State spaces x' = A x + u, y = 2 Re(C x) with diagonal A by zero-order hold (Gu, Gupta, Goel, Re, NeurIPS 2022,
/// equations 2 and 3): decay = e^(h A), weights = 2 C (e^(h A) - 1) / A with h = 0.01 e^step [width] and A = -0.5
/// e^decay + i (first frequency + frequency) [modes, width]; C = readout [directions, modes, 2, width]. Saves its
/// inputs.
StateSpace discretisation(const Variable& step, const Variable& decay, const Variable& frequency,
                          const Variable& readout, StateFrequencies frequencies);

}  // namespace heed
