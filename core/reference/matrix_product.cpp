#include "heed/core/reference/matrix_product.h"

#include "heed/core/reference/address.h"

namespace heed {

void reference_matrix_product(const MatrixProduct& p) {
    const float* const bias = reference_address(p.bias);
    for (int64_t i = 0; i < p.batch; ++i) {
        const float* const a = reference_address(p.a) + i * p.a_batch_stride;
        const float* const b = reference_address(p.b) + i * p.b_batch_stride;
        float* const c = reference_address(p.c) + i * p.c_batch_stride;
        for (int64_t row = 0; row < p.rows; ++row) {
            for (int64_t column = 0; column < p.columns; ++column) {
                double sum = 0;
                for (int64_t k = 0; k < p.inner; ++k) {
                    sum += double{p.transpose_a ? a[k * p.a_row_stride + row] : a[row * p.a_row_stride + k]} *
                           double{p.transpose_b ? b[column * p.b_row_stride + k] : b[k * p.b_row_stride + column]};
                }
                float& out = c[row * p.c_row_stride + column];
                sum *= double{p.alpha};
                if (p.beta != 0) sum += double{p.beta} * double{out};
                if (bias) sum += double{bias[column]};
                out = static_cast<float>(sum);
            }
        }
    }
}

}  // namespace heed
