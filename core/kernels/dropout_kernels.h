#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"
#include "heed/core/random/random_stream.h"

namespace heed {

/// Arguments of y = x * mask / (1 - probability), where the mask is 0 for an element that is dropped and else 1. The
/// same call on the gradient is the backward pass: the mask is made again from the stream.
struct DropoutArguments {
    const float* x;  ///< [samples, per_sample]
    float* y;        ///< [samples, per_sample]; may be x
    int64_t samples;
    int64_t per_sample;  ///< elements of one sample
    float probability;   ///< that an element is dropped, in [0, 1); 0 copies. A dropped NaN or infinity becomes 0.
    RandomStream stream;
};

struct DropoutKernels {
    void (*apply)(const DropoutArguments&);
};

HEED_KERNELS(DropoutKernels, dropout);

}  // namespace heed
