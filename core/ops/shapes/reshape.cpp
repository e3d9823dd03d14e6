#include "heed/core/ops/shapes/reshape.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"

namespace heed {

namespace {

struct ReshapeNode final : Node {
    ReshapeNode() : Node("reshape") {}
    void backward() override { x_slot->add(output().take().reshape(x_slot->shape())); }
    GradientSlot* x_slot = nullptr;
};

}  // namespace

Variable reshape(const Variable& x, const Shape& shape) {
    const OpScope scope(x.context(), "reshape");
    Tensor y = x.value().reshape(shape);
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<ReshapeNode>();
    node.x_slot = x.slot();
    return tape.output(node, std::move(y));
}

}  // namespace heed
