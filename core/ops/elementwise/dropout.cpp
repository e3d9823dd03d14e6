#include "heed/core/ops/elementwise/dropout.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/dropout_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

Tensor dropout_apply(const Tensor& x, float probability, const RandomStream& stream) {
    Tensor y = Tensor::empty(x.context(), x.shape());
    const int64_t samples = x.shape()[0];
    dropout_kernels(x).apply({x.f32(), y.f32(), samples, samples ? x.elements() / samples : 0, probability, stream});
    return y;
}

struct DropoutNode final : Node {
    DropoutNode() : Node("dropout") {}
    void backward() override { x_slot->add(dropout_apply(output().gradient(), probability, stream)); }
    GradientSlot* x_slot = nullptr;
    float probability;
    RandomStream stream;
};

}  // namespace

Variable dropout(const Variable& x, float probability, const RandomStream& stream) {
    const OpScope scope(x.context(), "dropout");
    check_probability("dropout", probability);
    if (probability == 0.0f) return x;
    Tensor y = dropout_apply(x.value(), probability, stream);
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<DropoutNode>();
    node.x_slot = x.slot();
    node.probability = probability;
    node.stream = stream;
    return tape.output(node, std::move(y));
}

}  // namespace heed
