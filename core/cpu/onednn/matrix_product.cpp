#include "heed/core/cpu/onednn/matrix_product.h"

#include <algorithm>
#include <string>

#include "heed/core/cpu/onednn/bf16_copy.h"
#include "heed/core/cpu/onednn/describe.h"
#include "heed/core/cpu/onednn/library.h"
#include "heed/core/cpu/onednn/matmul.h"
#include "heed/core/cpu/onednn/scratch.h"
#include "heed/core/cpu/onednn/sgemm.h"
#include "heed/core/cpu/onednn/transposed_copy.h"
#include "heed/core/cpu/signal_shield.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"

namespace heed::onednn {

namespace {

void check_shapes(const MatrixProduct& p) {
    const bool fits = p.rows >= 0 && p.columns >= 0 && p.inner >= 0 && p.batch >= 0 &&
                      p.a_row_stride >= (p.transpose_a ? p.rows : p.inner) &&
                      p.b_row_stride >= (p.transpose_b ? p.inner : p.columns) && p.c_row_stride >= p.columns &&
                      p.a_batch_stride >= 0 && p.b_batch_stride >= 0 && p.c_batch_stride >= 0;
    if (!fits) {
        throw Error("a matrix product needs sizes and batch strides of at least 0 and row strides of at least the " +
                    std::string("length of a row, got ") + describe(p));
    }
}

template <class Element>
void finish_in(Element* c, const MatrixProduct& p, const float* sums) {
    for (int64_t i = 0; i < p.batch; ++i) {
        const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 14) / p.columns);
        parallel_for(p.rows, grain, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                Element* const y = c + i * p.c_batch_stride + row * p.c_row_stride;
                const float* const sum = sums ? sums + (i * p.rows + row) * p.columns : nullptr;
                for (int64_t column = 0; column < p.columns; ++column) {
                    float x = (p.beta == 0 ? 0 : p.beta * to_float(y[column])) + (p.bias ? p.bias[column] : 0);
                    if (sum) x += p.alpha * sum[column];
                    y[column] = from_float<Element>(x);
                }
            }
        });
    }
}

/// c[i] = alpha * sums[i] + beta * c[i] (+ bias) for the whole batch, where the matrices of `sums` follow one another;
/// null: without them.
void finish(const MatrixProduct& p, const float* sums) {
    with_pointers([&](auto* c) { finish_in(c, p, sums); }, p.c);
}

/// oneDNN has no order among the products of a batch, and shares one operand at most.
bool one_call_for_batch(const MatrixProduct& p, Precision precision) {
    return (p.alpha == 1 || precision == Precision::bf16) && p.c_batch_stride != 0 &&
           (p.a_batch_stride != 0 || p.b_batch_stride != 0);
}

/// The general scale and the bias: oneDNN's epilogue would scale the bias too.
void scaled_with_bias(MatrixProduct p) {
    finish(p, nullptr);
    p.beta = 1;
    p.bias = nullptr;
    sgemm(p);
}

/// A B^T with many rows: with AVX-512 and two threads oneDNN needs up to 27 % more time than for A B, while the copy
/// of a B that fits in the L2 cache costs 1 %.
bool prefers_plain_b(const MatrixProduct& p) {
    return p.transpose_b && !p.transpose_a && p.batch == 1 && p.rows >= 512 && p.columns * p.inner <= 1 << 18 &&
           uses_avx512();
}

/// The primitive is as fast as sgemm or faster (its bias is free), except for A^T B and wide outputs, and for beta,
/// which sgemm takes as it is.
void choose_function(const MatrixProduct& p) {
    const bool plain = p.batch == 1 && !p.bias;
    if (plain && (p.transpose_a || p.alpha != 1 || p.beta != 0 || p.columns >= 512)) {
        sgemm(p);
    } else {
        matmul(p);
    }
}

/// With operands rounded to bf16. A scale is applied afterwards, as oneDNN has none of its fast kernels for it, and so
/// is what is added to a c of bf16, which is rounded once then; nothing in a training step asks for either.
void in_bf16(const MatrixProduct& p) {
    const MatrixProduct rounded = with_bf16_operands(p);
    if (p.alpha == 1 && !(p.c.is_bf16() && p.beta != 0)) return matmul(rounded);
    thread_local Scratch scratch;
    const int64_t count = p.batch * p.rows * p.columns;
    float* const of_sums = static_cast<float*>(scratch.reserve(static_cast<size_t>(count) * sizeof(float)));
    MatrixProduct sums = rounded;
    sums.alpha = 1;
    sums.beta = 0;
    sums.bias = nullptr;
    sums.c = of_sums;
    sums.c_row_stride = p.columns;
    sums.c_batch_stride = p.rows * p.columns;
    matmul(sums);
    finish(p, of_sums);
}

}  // namespace

bool multiplies_in_bf16() {
    enter();
    return multiplies_bf16();
}

void matrix_product(const MatrixProduct& p, Precision precision) {
    check_shapes(p);
    check_element_types(p, precision);
    if (p.rows == 0 || p.columns == 0 || p.batch == 0) return;
    if (p.inner == 0) return finish(p, nullptr);
    if (p.batch > 1 && !one_call_for_batch(p, precision)) {
        return each_of_batch(p, [&](const MatrixProduct& each) { matrix_product(each, precision); });
    }
    const SignalShield shield;
    enter();
    if (precision == Precision::bf16) return in_bf16(p);
    if (p.alpha != 1 && p.bias) return scaled_with_bias(p);
    if (prefers_plain_b(p)) return choose_function(with_plain_copy_of_b(p));
    choose_function(p);
}

}  // namespace heed::onednn
