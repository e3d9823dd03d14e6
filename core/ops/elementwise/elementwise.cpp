#include "heed/core/ops/elementwise/elementwise.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/accumulate.h"
#include "heed/core/kernels/elementwise_kernels.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/column_sums.h"

namespace heed {

namespace {

struct AddNode final : Node {
    AddNode() : Node("add") {}
    void backward() override {
        Tensor dy = output().take();
        if (a_slot) a_slot->add(dy);
        if (b_slot) b_slot->add(std::move(dy));
    }
    GradientSlot *a_slot = nullptr, *b_slot = nullptr;
};

struct ScaleNode final : Node {
    ScaleNode() : Node("scale") {}
    void backward() override {
        Tensor dy = output().take();
        Tensor dx = dy.unique() ? dy : Tensor::empty(dy.context(), dy.shape());
        elementwise_kernels(dy).scale(dy.f32(), factor, dx.f32(), dy.elements());
        x_slot->add(std::move(dx));
    }
    GradientSlot* x_slot = nullptr;
    float factor;
};

}  // namespace

Variable add(const Variable& a, const Variable& b) {
    const OpScope scope(a.context(), "add");
    check_shape("add", "b", b.shape(), a.shape());
    Tensor y = Tensor::empty(a.context(), a.shape());
    elementwise_kernels(y).add(a.value().f32(), b.value().f32(), y.f32(), y.elements());
    Tape& tape = a.context().tape();
    if (!tape.records(a, b)) return Variable(std::move(y));
    auto& node = tape.record<AddNode>();
    node.a_slot = a.slot();
    node.b_slot = b.slot();
    return tape.output(node, std::move(y));
}

Variable scale(const Variable& x, float factor) {
    const OpScope scope(x.context(), "scale");
    Tensor y = Tensor::empty(x.context(), x.shape());
    elementwise_kernels(y).scale(x.value().f32(), factor, y.f32(), y.elements());
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<ScaleNode>();
    node.x_slot = x.slot();
    node.factor = factor;
    return tape.output(node, std::move(y));
}

void accumulate(Tensor& sum, const Tensor& x) {
    check_shape("accumulate", "x", x.shape(), sum.shape());
    check_dtype("accumulate", "x", x, sum.dtype());
    elementwise_kernels(sum).accumulate(x.data(), sum.data(), sum.elements());
}

void column_sums(const Tensor& x, GradientSlot& slot) {
    const int64_t rows = x.shape().rows(), width = x.shape()[-1];
    const ElementwiseKernels& kernel = elementwise_kernels(x);
    Tensor workspace = Tensor::empty(x.context(), {kernel.sum_rows_workspace(rows, width)});
    auto [sums, accumulate] = slot.target();
    kernel.sum_rows({x.data(), sums.f32(), accumulate, workspace.f32(), rows, width, width});
}

}  // namespace heed
