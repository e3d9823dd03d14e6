#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Arguments of the binary cross-entropy of logits, value and gradient in one pass. With p = 1 / (1 + e^-x) of a logit
/// x, its target y and its weight w (1 where there are none), loss = w (-y log p - (1 - y) log(1 - p)). One of the two
/// kinds of targets is given.
struct BinaryCrossEntropy {
    const float* logits;          ///< [count]
    const float* targets;         ///< [count], in [0, 1], or null
    const uint8_t* byte_targets;  ///< [count], 0 or 1, or null
    float* dlogits;               ///< [count], gradient of the sum of losses, or null; may be logits
    int64_t count;
    const float* weights = nullptr;  ///< [count], or null
    double* sum = nullptr;           ///< [1], of the losses, in double and in an order that depends on count alone
    float* loss = nullptr;           ///< [1], the same
};

struct BinaryCrossEntropyKernels {
    void (*forward)(const BinaryCrossEntropy&);
};

HEED_KERNELS(BinaryCrossEntropyKernels, binary_cross_entropy);

}  // namespace heed
