#include "heed/core/ops/products/linear.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/column_sums.h"

namespace heed {

namespace detail {

Tensor linear_forward(const char* op, const Variable& x, const Variable& weight, const Variable& bias, DType dtype) {
    check_rank(op, "weight", weight.shape(), 2);
    const int64_t in = weight.shape()[1], out = weight.shape()[0];
    check_shape(op, "x", x.shape(), x.shape().with_last(in));
    if (bias.defined()) check_shape(op, "bias", bias.shape(), {out});
    Tensor y = Tensor::empty(x.context(), x.shape().with_last(out), dtype);
    MatrixProduct product = contiguous_product({x.value().data(), in}, {weight.value().f32(), in, true}, y.data(),
                                               x.shape().rows(), in, out, false);
    product.bias = bias.value().data_or_null<float>();
    multiply(x.context(), product);
    return y;
}

void linear_backward(const Tensor& dy, const Tensor& x, const Tensor& weight, GradientSlot* dx_slot,
                     GradientSlot* dweight_slot) {
    const int64_t in = weight.shape()[1], out = weight.shape()[0], rows = dy.shape().rows();
    Context& context = dy.context();
    const auto weight_product = [&] {
        auto [dweight, accumulate] = dweight_slot->target();
        return contiguous_product({dy.data(), out, true}, {x.data(), in}, dweight.f32(), out, rows, in, accumulate);
    };
    const auto input_product = [&] {
        auto [dx, accumulate] = dx_slot->target();
        return contiguous_product({dy.data(), out}, {weight.f32(), in}, dx.data(), rows, out, in, accumulate);
    };
    if (dweight_slot && dx_slot) {
        const MatrixProduct of_weight = weight_product();
        count_multiplies(context, 2 * rows * in * out);
        context.device().matrix_products_of_same_a(of_weight, input_product());
    } else if (dweight_slot) {
        multiply(context, weight_product());
    } else if (dx_slot) {
        multiply(context, input_product());
    }
}

}  // namespace detail

namespace {

struct LinearNode final : Node {
    LinearNode() : Node("linear") {}
    void backward() override {
        const Tensor& dy = output().gradient();
        if (bias_slot) column_sums(dy, *bias_slot);
        detail::linear_backward(dy, x, weight, x_slot, weight_slot);
    }
    Tensor x, weight;
    GradientSlot *x_slot = nullptr, *weight_slot = nullptr, *bias_slot = nullptr;
};

}  // namespace

Variable linear(const Variable& x, const Variable& weight, const Variable& bias, DType result) {
    const OpScope scope(x.context(), "linear");
    Tensor y = detail::linear_forward("linear", x, weight, bias, result);
    Tape& tape = x.context().tape();
    if (!tape.records(x, weight, bias)) return Variable(std::move(y));
    auto& node = tape.record<LinearNode>();
    node.x_slot = x.slot();
    node.weight_slot = weight.slot();
    node.bias_slot = bias.slot();
    if (node.weight_slot) node.x = x.value();
    node.weight = weight.value();
    return tape.output(node, std::move(y));
}

}  // namespace heed
