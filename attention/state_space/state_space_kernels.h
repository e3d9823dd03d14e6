#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

// Included by kernels that are compiled once per instruction set: functions here must always be inlined.

namespace heed {

/// Diagonal state spaces, one for each of `width` channels. Arrays of complex numbers hold the real parts of all
/// channels and then the imaginary ones: [..., 2, width].
struct StateSpaceShape {
    int64_t batch = 0;
    int64_t tokens = 0;
    int64_t width = 0;
    int64_t modes = 0;  ///< complex numbers in the state of a channel
    /// Beside the direction of time, which meets tokens up to the present one, a second one for those behind it.
    bool two_sided = false;
    /// [batch] or null: sample b has lengths[b] tokens, 0 .. tokens; what stands behind is not read, and gives 0.
    const int32_t* lengths = nullptr;

    [[gnu::always_inline]] constexpr int64_t directions() const { return two_sided ? 2 : 1; }
    /// Floats of a state, and of the weights of a direction.
    [[gnu::always_inline]] constexpr int64_t state() const { return modes * 2 * width; }
};

/// With s_n(t) = decay_n s_n(t - 1) + x(t) in complex numbers, s_n(-1) = 0:
///     y(t) = skip x(t) + Re sum over n of weight_n s_n(t),
/// and where two_sided, with r_n(t) = decay_n r_n(t + 1) + x(t + 1), r_n(length - 1) = 0,
///     + Re sum over n of weight'_n r_n(t).
struct StateSpaceScan {
    StateSpaceShape shape;
    const float* x;        ///< [batch, tokens, width]
    const float* decay;    ///< [modes, 2, width], of absolute value at most 1
    const float* weights;  ///< [directions, modes, 2, width]
    const float* skip;     ///< [width]
    float* y;              ///< [batch, tokens, width]
    /// [batch, modes, 2, width] or null: s(-1) and afterwards s of the last token. Not where two_sided or with lengths.
    float* states = nullptr;
};

/// Gradients, overwritten; those of parameters are sums over samples in a fixed order.
struct StateSpaceScanBackward {
    StateSpaceShape shape;
    const float* x;
    const float* decay;
    const float* weights;
    const float* skip;
    const float* dy;
    float* dx;
    float* d_decay;
    float* d_weights;
    float* d_skip;
    float* workspace;  ///< StateSpaceKernels::backward_workspace(shape) floats
};

struct StateSpaceKernels {
    void (*forward)(const StateSpaceScan&);
    void (*backward)(const StateSpaceScanBackward&);
    int64_t (*backward_workspace)(const StateSpaceShape& shape);
};

HEED_KERNELS(StateSpaceKernels, state_space);

}  // namespace heed
