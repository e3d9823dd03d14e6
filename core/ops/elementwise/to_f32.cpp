#include "heed/core/ops/elementwise/to_f32.h"

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

struct ToF32Node final : Node {
    ToF32Node() : Node("to_f32") {}
    void backward() override { x_slot->add(converted(output().gradient(), DType::bf16)); }
    GradientSlot* x_slot = nullptr;
};

}  // namespace

Variable to_f32(const Variable& x) {
    if (x.value().dtype() == DType::f32) return x;
    const OpScope scope(x.context(), "to_f32");
    Tensor y = converted(x.value(), DType::f32);
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<ToF32Node>();
    node.x_slot = x.slot();
    return tape.output(node, std::move(y));
}

}  // namespace heed
