#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Where the frequencies of the modes of a state space begin (Gu, Gupta, Goel, Re, NeurIPS 2022, equations 9 and 10).
enum class StateFrequencies : uint8_t {
    inverse,  ///< S4D-Inv: (N / pi) (N / (2 n + 1) - 1), N being twice the number of modes
    linear,   ///< S4D-Lin: pi n
};

/// What a discretisation works on; arrays as in StateSpaceShape.
struct DiscretisationInputs {
    const float* step;       ///< [width]: the step is 0.01 e^step
    const float* decay;      ///< [modes, width]: the real part of A is -0.5 e^decay
    const float* frequency;  ///< [modes, width]: the imaginary part of A, less where it begins
    const float* readout;    ///< C, [directions, modes, 2, width]
    int64_t width;
    int64_t modes;
    int64_t directions;
    StateFrequencies frequencies;
};

/// The zero-order hold of x' = A x + u, y = 2 Re(C x), for inputs that are held for a step:
/// decay = e^(step A), weight = 2 C (e^(step A) - 1) / A. In double precision, as a step may be far below 1 / |A|.
struct Discretisation {
    DiscretisationInputs of;
    float* decays;   ///< [modes, 2, width]
    float* weights;  ///< [directions, modes, 2, width]
};

struct DiscretisationBackward {
    DiscretisationInputs of;
    const float* d_decays;
    const float* d_weights;
    float* d_step;  ///< overwritten, as the others
    float* d_decay;
    float* d_frequency;
    float* d_readout;
};

struct DiscretisationKernels {
    void (*forward)(const Discretisation&);
    void (*backward)(const DiscretisationBackward&);
};

HEED_KERNELS(DiscretisationKernels, discretisation);

}  // namespace heed
