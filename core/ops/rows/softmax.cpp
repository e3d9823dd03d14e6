#include "heed/core/ops/rows/softmax.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/softmax_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

RowLengths row_lengths(const Shape& shape, const Tensor& lengths) {
    if (!lengths.defined() || shape[0] == 0) return {};
    return {lengths.data<int32_t>(), shape.rows() / shape[0]};
}

struct SoftmaxNode final : Node {
    SoftmaxNode() : Node("softmax") {}
    void backward() override {
        Tensor dy = output().take();
        Tensor dx = dy.unique() ? dy : Tensor::empty(dy.context(), dy.shape());
        softmax_kernels(y).backward(
            {y.f32(), dy.f32(), dx.f32(), y.shape().rows(), y.shape()[-1], row_lengths(y.shape(), lengths)});
        x_slot->add(std::move(dx));
    }
    Tensor y, lengths;
    GradientSlot* x_slot = nullptr;
};

}  // namespace

Variable softmax(const Variable& x, const Tensor& lengths) {
    const OpScope scope(x.context(), "softmax");
    if (lengths.defined()) {
        check_dtype("softmax", "lengths", lengths, DType::i32);
        check_shape("softmax", "lengths", lengths.shape(), {x.shape()[0]});
    }
    Tensor y = Tensor::empty(x.context(), x.shape());
    softmax_kernels(y).forward(
        {x.value().f32(), y.f32(), x.shape().rows(), x.shape()[-1], row_lengths(x.shape(), lengths)});
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<SoftmaxNode>();
    node.y = y;
    node.lengths = lengths;
    node.x_slot = x.slot();
    return tape.output(node, std::move(y));
}

}  // namespace heed
