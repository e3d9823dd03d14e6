#include "heed/core/ops/products/matmul.h"

#include <algorithm>
#include <string>

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

/// c[i] (+)= op(a[i]) op(b[i]) over contiguous matrices.
void product(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b, const Tensor& c, bool accumulate) {
    MatrixProduct product =
        contiguous_product({a.f32(), a.shape()[-1], transpose_a}, {b.f32(), b.shape()[-1], transpose_b}, c.f32(),
                           c.shape()[-2], a.shape()[transpose_a ? -2 : -1], c.shape()[-1], accumulate);
    product.batch = c.shape().rows() / std::max<int64_t>(product.rows, 1);
    product.a_batch_stride = a.shape()[-1] * a.shape()[-2];
    product.b_batch_stride = b.shape()[-1] * b.shape()[-2];
    product.c_batch_stride = product.rows * product.columns;
    if (c.elements() > 0) multiply(c.context(), product);
}

struct MatmulNode final : Node {
    MatmulNode() : Node("matmul") {}
    void backward() override {
        const Tensor& dy = output().gradient();
        if (a_slot) {
            auto [da, accumulate] = a_slot->target();
            product(dy, false, b, !transpose_b, da, accumulate);
        }
        if (b_slot) {
            auto [db, accumulate] = b_slot->target();
            if (transpose_b) {
                product(dy, true, a, false, db, accumulate);
            } else {
                product(a, true, dy, false, db, accumulate);
            }
        }
    }
    Tensor a, b;
    GradientSlot *a_slot = nullptr, *b_slot = nullptr;
    bool transpose_b;
};

}  // namespace

Variable matmul(const Variable& a, const Variable& b, bool transpose_b) {
    const OpScope scope(a.context(), "matmul");
    const Shape &left = a.shape(), &right = b.shape();
    bool fits = left.rank() >= 2 && left.rank() == right.rank() && left[-1] == right[transpose_b ? -1 : -2];
    for (int axis = 0; fits && axis < left.rank() - 2; ++axis) fits = left[axis] == right[axis];
    if (!fits) {
        throw Error("matmul: shapes " + left.to_string() + " and " + right.to_string() +
                    (transpose_b ? " (transposed)" : "") + " do not fit");
    }
    Tensor y = Tensor::empty(a.context(), left.with_last(right[transpose_b ? -2 : -1]));
    product(a.value(), false, b.value(), transpose_b, y, false);
    Tape& tape = a.context().tape();
    if (!tape.records(a, b)) return Variable(std::move(y));
    auto& node = tape.record<MatmulNode>();
    node.a = a.value();
    node.b = b.value();
    node.a_slot = a.slot();
    node.b_slot = b.slot();
    node.transpose_b = transpose_b;
    return tape.output(node, std::move(y));
}

}  // namespace heed
