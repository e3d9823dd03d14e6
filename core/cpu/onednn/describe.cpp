#include "heed/core/cpu/onednn/describe.h"

namespace heed::onednn {

namespace {

std::string matrix(int64_t rows, int64_t columns, int64_t row_stride, bool transposed) {
    return "[" + std::to_string(rows) + " x " + std::to_string(columns) + "]" + (transposed ? " (transposed)" : "") +
           " of row stride " + std::to_string(row_stride);
}

}  // namespace

std::string describe(const MatrixProduct& p) {
    std::string text = matrix(p.rows, p.inner, p.a_row_stride, p.transpose_a) + " times " +
                       matrix(p.inner, p.columns, p.b_row_stride, p.transpose_b) + " into row stride " +
                       std::to_string(p.c_row_stride);
    if (p.batch != 1) {
        text += " in a batch of " + std::to_string(p.batch) + " with strides " + std::to_string(p.a_batch_stride) +
                ", " + std::to_string(p.b_batch_stride) + ", " + std::to_string(p.c_batch_stride);
    }
    return text;
}

}  // namespace heed::onednn
