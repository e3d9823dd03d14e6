#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Arguments of the look-up out[i] = table[ids[i]] * scale.
struct EmbeddingForward {
    const float* table;  ///< [vocabulary, dim]
    const int32_t* ids;  ///< [count], each in [0, vocabulary)
    float* out;          ///< [count, dim]
    int64_t count;
    int64_t dim;
    float scale;
};

struct EmbeddingBackward {
    const float* dout;   ///< [count, dim]
    const int32_t* ids;  ///< [count], each in [0, vocabulary)
    float* dtable;       ///< [vocabulary, dim]; the rows of equal ids are added in an order that depends on ids alone
    bool accumulate;     ///< add to dtable instead of overwriting it
    int32_t* workspace;  ///< backward_workspace(count, vocabulary) integers
    int64_t count;       ///< below 2^31
    int64_t vocabulary;
    int64_t dim;
    float scale;
};

struct EmbeddingKernels {
    void (*forward)(const EmbeddingForward&);
    void (*backward)(const EmbeddingBackward&);
    /// 32-bit integers of scratch memory that backward needs.
    int64_t (*backward_workspace)(int64_t count, int64_t vocabulary);
};

HEED_KERNELS(EmbeddingKernels, embedding);

}  // namespace heed
