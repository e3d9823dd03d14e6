#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "heed/core/device/precision.h"
#include "heed/core/tensor/elements.h"

namespace heed {

/// c[i] = alpha * op(a[i]) op(b[i]) + beta * c[i] (+ bias on every row) for i < batch, all row-major, a, b and c of f32
/// or, in the precision bf16, each of f32 or bf16; strides count elements. Sums are f32.
/// op(a) is rows x inner, op(b) is inner x columns, c is rows x columns. With beta = 0 whatever c held is overwritten.
struct MatrixProduct {
    bool transpose_a = false;
    bool transpose_b = false;
    int64_t rows = 0;
    int64_t columns = 0;
    int64_t inner = 0;
    float alpha = 1.0f;
    ConstElements a;
    int64_t a_row_stride = 0;
    ConstElements b;
    int64_t b_row_stride = 0;
    float beta = 0.0f;
    Elements c;
    int64_t c_row_stride = 0;
    const float* bias = nullptr;  ///< [columns] or null; may be rounded to bf16 where c is of bf16
    int64_t batch = 1;
    int64_t a_batch_stride = 0;
    int64_t b_batch_stride = 0;
    int64_t c_batch_stride = 0;
};

/// One operand of a product: contiguous rows.
struct MatrixOperand {
    ConstElements data;
    int64_t row_length = 0;
    bool transpose = false;
};

/// The product c [rows, columns] (+)= op(a) [rows, inner] op(b) [inner, columns] of contiguous matrices.
MatrixProduct contiguous_product(MatrixOperand a, MatrixOperand b, Elements c, int64_t rows, int64_t inner,
                                 int64_t columns, bool accumulate);

/// Throws Error where a product has elements of bf16, for which it takes that precision.
void check_element_types(const MatrixProduct& product, Precision precision);

/// Calls body with the products of the batch, one after the other.
template <class Body>
void each_of_batch(const MatrixProduct& product, const Body& body) {
    MatrixProduct each = product;
    each.batch = 1;
    for (int64_t i = 0; i < product.batch; ++i) {
        body(each);
        each.a += product.a_batch_stride;
        each.b += product.b_batch_stride;
        each.c += product.c_batch_stride;
    }
}

/// All of a product but its addresses and scales, and what else is in `more`: by which a library's way to compute it is
/// kept.
struct ProductKey {
    ProductKey(const MatrixProduct& product, const std::array<int64_t, 3>& more);
    bool operator==(const ProductKey&) const = default;

    std::array<int64_t, 14> values;
};

struct ProductKeyHash {
    size_t operator()(const ProductKey& key) const;
};

}  // namespace heed
