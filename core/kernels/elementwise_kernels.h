#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"
#include "heed/core/tensor/elements.h"

namespace heed {

/// Arguments of y[r, c] = x[r, c] + bias[c].
struct AddBias {
    const float* x;     ///< [rows, width], rows x_stride floats apart
    const float* bias;  ///< [width]
    float* y;           ///< [rows, width], rows y_stride floats apart; may be x (with the same stride)
    int64_t rows;
    int64_t width;
    int64_t x_stride;
    int64_t y_stride;
};

/// Arguments of sums[c] (+)= sum over r of x[r, c].
struct SumRows {
    ConstElements x;   ///< [rows, width], f32 or bf16, rows `stride` elements apart
    float* sums;       ///< [width]
    bool accumulate;   ///< add to sums instead of overwriting them
    float* workspace;  ///< sum_rows_workspace(rows, width) floats
    int64_t rows;      ///< with 0 rows the sums are 0
    int64_t width;
    int64_t stride;
};

struct ElementwiseKernels {
    /// y[i] = a[i] + b[i] for i < n; y may be a or b.
    void (*add)(const float* a, const float* b, float* y, int64_t n);
    /// y[i] += x[i] for i < n, both f32 or both bf16.
    void (*accumulate)(ConstElements x, Elements y, int64_t n);
    /// y[i] = factor * x[i] for i < n; y may be x.
    void (*scale)(const float* x, float factor, float* y, int64_t n);
    /// x[i] *= factor[0] for i < n, with nothing to do for a factor of 1.
    void (*scale_by)(const float* factor, float* x, int64_t n);
    /// y[i] = x[i] + value for i < n; y may be x.
    void (*add_integer)(const int32_t* x, int32_t value, int32_t* y, int64_t n);
    /// y[i] = value for i < n.
    void (*fill)(float value, float* y, int64_t n);
    void (*add_bias)(const AddBias&);
    void (*sum_rows)(const SumRows&);
    /// Floats of scratch memory that sum_rows needs.
    int64_t (*sum_rows_workspace)(int64_t rows, int64_t width);
    /// y[i] = x[i] for i < n, from f32 to bf16, which rounds, or the other way.
    void (*convert)(ConstElements x, Elements y, int64_t n);
};

HEED_KERNELS(ElementwiseKernels, elementwise);

}  // namespace heed
