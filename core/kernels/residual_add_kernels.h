#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"
#include "heed/core/random/random_stream.h"

namespace heed {

/// Arguments of sum = x + dropout(branch) over flat buffers of count elements.
struct ResidualAddForward {
    const float* x;       ///< [count]
    const float* branch;  ///< [count]
    float* sum;           ///< [count]; may be x or branch
    int64_t count;
    double dropout;               ///< probability that an element of branch is dropped; 0 leaves it as it is
    RandomStream stream;          ///< of the mask; not read when dropout is 0
    int64_t elements_per_sample;  ///< element i belongs to sample first_sample + i / elements_per_sample
};

/// The gradient of x is dsum itself; only that of the branch needs work.
struct ResidualAddBackward {
    const float* dsum;  ///< [count]
    float* dbranch;     ///< [count]; may be dsum
    int64_t count;
    double dropout;
    RandomStream stream;
    int64_t elements_per_sample;
};

struct ResidualAddKernels {
    void (*forward)(const ResidualAddForward&);
    void (*backward)(const ResidualAddBackward&);
};

HEED_KERNELS(ResidualAddKernels, residual_add);

}  // namespace heed
