#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"
#include "heed/core/random/random_stream.h"
#include "heed/core/tensor/elements.h"

namespace heed {

/// Arguments of sum = x + dropout(branch), normed = layer_norm(sum), in one pass over memory.
struct ResidualLayerNormForward {
    const float* x;       ///< [rows, width]
    const float* branch;  ///< [rows, width]
    const float* gain;    ///< [width]
    const float* bias;    ///< [width]
    float* sum;           ///< [rows, width], kept for backward; may be x or branch
    Elements normed;      ///< [rows, width], f32 or bf16
    float* mean;          ///< [rows], kept for backward
    float* rstd;          ///< [rows], kept for backward
    int64_t rows;
    int64_t width;  ///< at least 1
    float epsilon;
    double dropout;               ///< probability that an element of branch is dropped; 0 leaves it as it is
    RandomStream stream;          ///< of the mask; not read when dropout is 0
    int64_t elements_per_sample;  ///< flat element i belongs to sample first_sample + i / elements_per_sample
};

struct ResidualLayerNormBackward {
    ConstElements dnormed;  ///< [rows, width], f32 or bf16
    const float* dsum;      ///< [rows, width], the gradient that reaches sum past the norm, or null
    const float* sum;       ///< [rows, width]
    const float* gain;      ///< [width]
    const float* mean;      ///< [rows]
    const float* rstd;      ///< [rows]
    float* dx;              ///< [rows, width], whole gradient of sum; may be dnormed or dsum
    float* dbranch;         ///< [rows, width], dx through the mask, or null; may be dx when dropout is 0
    float* dgain;           ///< [width], or null
    float* dbias;           ///< [width], or null
    bool accumulate;        ///< add to dgain and dbias instead of overwriting them
    float* workspace;       ///< backward_workspace(rows, width) floats
    int64_t rows;
    int64_t width;  ///< at least 1
    double dropout;
    RandomStream stream;
    int64_t elements_per_sample;
};

struct ResidualLayerNormKernels {
    void (*forward)(const ResidualLayerNormForward&);
    void (*backward)(const ResidualLayerNormBackward&);
    /// Floats of scratch memory that backward needs.
    int64_t (*backward_workspace)(int64_t rows, int64_t width);
};

HEED_KERNELS(ResidualLayerNormKernels, residual_layer_norm);

}  // namespace heed
