#include "heed/core/device/matrix_product.h"

#include <string>

#include "heed/core/error.h"

namespace heed {

MatrixProduct contiguous_product(MatrixOperand a, MatrixOperand b, Elements c, int64_t rows, int64_t inner,
                                 int64_t columns, bool accumulate) {
    MatrixProduct product;
    product.transpose_a = a.transpose;
    product.transpose_b = b.transpose;
    product.rows = rows;
    product.columns = columns;
    product.inner = inner;
    product.a = a.data;
    product.a_row_stride = a.row_length;
    product.b = b.data;
    product.b_row_stride = b.row_length;
    product.beta = accumulate ? 1.0f : 0.0f;
    product.c = c;
    product.c_row_stride = columns;
    return product;
}

void check_element_types(const MatrixProduct& product, Precision precision) {
    if (precision == Precision::bf16) return;
    if (product.a.is_bf16() || product.b.is_bf16() || product.c.is_bf16()) {
        throw Error(std::string("a product of matrices of bf16 takes precision=bf16, got precision=") +
                    name_of(precision));
    }
}

ProductKey::ProductKey(const MatrixProduct& p, const std::array<int64_t, 3>& more)
    : values{int64_t{p.transpose_a} | int64_t{p.transpose_b} << 1 | int64_t{p.bias != nullptr} << 2 |
                 int64_t{p.a.is_bf16()} << 3 | int64_t{p.b.is_bf16()} << 4 | int64_t{p.c.is_bf16()} << 5,
             p.rows,
             p.columns,
             p.inner,
             p.a_row_stride,
             p.b_row_stride,
             p.c_row_stride,
             p.batch,
             p.a_batch_stride,
             p.b_batch_stride,
             p.c_batch_stride,
             more[0],
             more[1],
             more[2]} {}

size_t ProductKeyHash::operator()(const ProductKey& key) const {
    uint64_t hash = 0;
    for (const int64_t value : key.values) {
        hash = (hash ^ static_cast<uint64_t>(value)) * 0x9E3779B97F4A7C15U;
        hash ^= hash >> 29;
    }
    return hash;
}

}  // namespace heed
