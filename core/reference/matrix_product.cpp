#include "heed/core/reference/matrix_product.h"

#include "heed/core/reference/element.h"

namespace heed {

void reference_matrix_product(const MatrixProduct& p) {
    const float* const bias = reference_address(p.bias);
    for (int64_t i = 0; i < p.batch; ++i) {
        const auto a = [&](int64_t row, int64_t column) {
            return reference_value(p.a, i * p.a_batch_stride + row * p.a_row_stride + column);
        };
        const auto b = [&](int64_t row, int64_t column) {
            return reference_value(p.b, i * p.b_batch_stride + row * p.b_row_stride + column);
        };
        for (int64_t row = 0; row < p.rows; ++row) {
            for (int64_t column = 0; column < p.columns; ++column) {
                double sum = 0;
                for (int64_t k = 0; k < p.inner; ++k) {
                    sum += (p.transpose_a ? a(k, row) : a(row, k)) * (p.transpose_b ? b(column, k) : b(k, column));
                }
                const int64_t place = i * p.c_batch_stride + row * p.c_row_stride + column;
                sum *= double{p.alpha};
                if (p.beta != 0) sum += double{p.beta} * reference_value(p.c, place);
                if (bias) sum += double{bias[column]};
                reference_store(p.c, place, sum);
            }
        }
    }
}

}  // namespace heed
