#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"
#include "heed/core/tensor/elements.h"

namespace heed {

/// Arguments of layer normalisation over the last axis of a contiguous matrix [rows, width].
struct LayerNormForward {
    const float* x;     ///< [rows, width]
    const float* gain;  ///< [width]
    const float* bias;  ///< [width]
    Elements y;         ///< [rows, width], f32 or bf16; may be x
    float* mean;        ///< [rows], kept for backward
    float* rstd;        ///< [rows], 1 / sqrt(variance + epsilon), kept for backward
    int64_t rows;
    int64_t width;  ///< at least 1
    float epsilon;
};

struct LayerNormBackward {
    ConstElements dy;   ///< [rows, width], f32 or bf16
    const float* x;     ///< [rows, width]
    const float* gain;  ///< [width]
    const float* mean;  ///< [rows]
    const float* rstd;  ///< [rows]
    float* dx;          ///< [rows, width]; may be dy
    float* dgain;       ///< [width], or null
    float* dbias;       ///< [width], or null
    bool accumulate;    ///< add to dgain and dbias instead of overwriting them
    float* workspace;   ///< backward_workspace(rows, width) floats
    int64_t rows;
    int64_t width;  ///< at least 1
};

struct LayerNormKernels {
    /// y = (x - mean) * rstd * gain + bias, with mean and (biased) variance in two passes over the row.
    void (*forward)(const LayerNormForward&);
    void (*backward)(const LayerNormBackward&);
    /// Floats of scratch memory that backward needs.
    int64_t (*backward_workspace)(int64_t rows, int64_t width);
};

HEED_KERNELS(LayerNormKernels, layer_norm);

}  // namespace heed
