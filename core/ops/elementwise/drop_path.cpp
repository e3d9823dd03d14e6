#include "heed/core/ops/elementwise/drop_path.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/drop_path_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

Tensor drop_path_apply(const Tensor& x, float probability, const RandomStream& stream) {
    Tensor y = Tensor::empty(x.context(), x.shape());
    const int64_t samples = x.shape()[0];
    drop_path_kernels(x).apply({x.f32(), y.f32(), samples, samples ? x.elements() / samples : 0, probability, stream});
    return y;
}

struct DropPathNode final : Node {
    DropPathNode() : Node("drop_path") {}
    void backward() override { x_slot->add(drop_path_apply(output().gradient(), probability, stream)); }
    GradientSlot* x_slot = nullptr;
    float probability;
    RandomStream stream;
};

}  // namespace

Variable drop_path(const Variable& x, float probability, const RandomStream& stream) {
    const OpScope scope(x.context(), "drop_path");
    check_probability("drop_path", probability);
    if (probability == 0.0f) return x;
    Tensor y = drop_path_apply(x.value(), probability, stream);
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<DropPathNode>();
    node.x_slot = x.slot();
    node.probability = probability;
    node.stream = stream;
    return tape.output(node, std::move(y));
}

}  // namespace heed
