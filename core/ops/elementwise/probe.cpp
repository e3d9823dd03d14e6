#include "heed/core/ops/elementwise/probe.h"

#include <utility>

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"

namespace heed {

namespace {

struct ProbeNode final : Node {
    explicit ProbeNode(GradientReader gradient_reader) : Node("probe"), reader(std::move(gradient_reader)) {}
    void backward() override {
        Tensor dy = output().take();
        reader(dy);
        x_slot->add(std::move(dy));
    }
    GradientReader reader;
    GradientSlot* x_slot = nullptr;
};

}  // namespace

Variable probe(const Variable& x, GradientReader reader) {
    const OpScope scope(x.context(), "probe");
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return x;
    auto& node = tape.record<ProbeNode>(std::move(reader));
    node.x_slot = x.slot();
    return tape.output(node, x.value());
}

}  // namespace heed
