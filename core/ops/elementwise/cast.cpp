#include "heed/core/ops/elementwise/cast.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/elementwise_kernels.h"

namespace heed {

namespace {

Tensor converted(const Tensor& x, DType dtype) {
    Tensor y = Tensor::empty(x.context(), x.shape(), dtype);
    elementwise_kernels(x).convert(x.data(), y.data(), x.elements());
    return y;
}

struct CastNode final : Node {
    CastNode() : Node("cast") {}
    void backward() override { x_slot->add(converted(output().gradient(), dtype_of_x)); }
    GradientSlot* x_slot = nullptr;
    DType dtype_of_x = DType::f32;
};

}  // namespace

Variable cast(const Variable& x, DType dtype) {
    const DType dtype_of_x = x.value().dtype();
    if (dtype_of_x == dtype) return x;
    const OpScope scope(x.context(), "cast");
    Tensor y = converted(x.value(), dtype);
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<CastNode>();
    node.x_slot = x.slot();
    node.dtype_of_x = dtype_of_x;
    return tape.output(node, std::move(y));
}

}  // namespace heed
