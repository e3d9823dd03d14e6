#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Which leading elements of each row take part: row r has lengths[r / rows_per_length] valid elements (cut to 0 ..
/// width). The rest of the row counts as masked and is never read. Null lengths: all are valid.
struct RowLengths {
    const int32_t* lengths = nullptr;
    int64_t rows_per_length = 1;
};

/// Arguments of y[r, :] = softmax(x[r, :]). Masked elements of y are 0; a row without a valid element, or whose valid
/// elements are all -inf, is 0. A NaN or +inf among the valid elements makes them all NaN.
struct SoftmaxForward {
    const float* x;  ///< [rows, width]
    float* y;        ///< [rows, width]; may be x
    int64_t rows;
    int64_t width;
    RowLengths valid;
};

/// Arguments of dx[r, :] = y[r, :] * (dy[r, :] - sum(y[r, :] * dy[r, :])); masked elements of dx are 0.
struct SoftmaxBackward {
    const float* y;   ///< [rows, width], result of forward
    const float* dy;  ///< [rows, width]
    float* dx;        ///< [rows, width]; may be y or dy
    int64_t rows;
    int64_t width;
    RowLengths valid;
};

struct SoftmaxKernels {
    void (*forward)(const SoftmaxForward&);
    void (*backward)(const SoftmaxBackward&);
};

HEED_KERNELS(SoftmaxKernels, softmax);

}  // namespace heed
