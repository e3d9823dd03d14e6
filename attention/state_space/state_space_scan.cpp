#include "heed/attention/state_space/state_space_scan.h"

#include <string>

#include "heed/attention/state_space/state_space_kernels.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

struct StateSpaceScanNode final : Node {
    StateSpaceScanNode() : Node("state_space_scan") {}

    void backward() override {
        const Tensor dy = output().take();
        Context& context = dy.context();
        Tensor dx = Tensor::empty(context, x.shape()), d_decay = Tensor::empty(context, decay.shape()),
               d_weights = Tensor::empty(context, weights.shape()), d_skip = Tensor::empty(context, skip.shape());
        const StateSpaceKernels& kernel = state_space_kernels(x);
        const Tensor workspace = Tensor::empty(context, {kernel.backward_workspace(shape)});
        kernel.backward({.shape = shape,
                         .x = x.f32(),
                         .decay = decay.f32(),
                         .weights = weights.f32(),
                         .skip = skip.f32(),
                         .dy = dy.f32(),
                         .dx = dx.f32(),
                         .d_decay = d_decay.f32(),
                         .d_weights = d_weights.f32(),
                         .d_skip = d_skip.f32(),
                         .workspace = workspace.f32()});
        if (x_slot) x_slot->add(std::move(dx));
        if (decay_slot) decay_slot->add(std::move(d_decay));
        if (weights_slot) weights_slot->add(std::move(d_weights));
        if (skip_slot) skip_slot->add(std::move(d_skip));
    }

    StateSpaceShape shape;
    Tensor x, decay, weights, skip, lengths;
    GradientSlot *x_slot = nullptr, *decay_slot = nullptr, *weights_slot = nullptr, *skip_slot = nullptr;
};

/// Throws Error where the inputs do not fit each other.
StateSpaceShape shape_of(const Tensor& x, const StateSpace& space, const Variable& skip, const Tensor& lengths) {
    check_rank("state_space_scan", "x", x.shape(), 3);
    check_rank("state_space_scan", "decay", space.decay.shape(), 3);
    check_rank("state_space_scan", "weights", space.weights.shape(), 4);
    const int64_t modes = space.decay.shape()[0], width = x.shape()[2], directions = space.weights.shape()[0];
    if (modes > 128) {
        throw Error("state_space_scan: expected at most 128 modes, got " + std::to_string(modes));
    }
    check_shape("state_space_scan", "decay", space.decay.shape(), {modes, 2, width});
    check_shape("state_space_scan", "weights", space.weights.shape(), {directions == 2 ? 2 : 1, modes, 2, width});
    check_shape("state_space_scan", "skip", skip.shape(), {width});
    if (lengths.defined()) {
        check_dtype("state_space_scan", "lengths", lengths, DType::i32);
        check_shape("state_space_scan", "lengths", lengths.shape(), {x.shape()[0]});
        check_indices("state_space_scan", "lengths", lengths, 0, x.shape()[1] + 1);
    }
    return {.batch = x.shape()[0],
            .tokens = x.shape()[1],
            .width = width,
            .modes = modes,
            .two_sided = directions == 2,
            .lengths = lengths.data_or_null<int32_t>()};
}

}  // namespace

Variable state_space_scan(const Variable& x, const StateSpace& space, const Variable& skip, const Tensor& lengths) {
    const OpScope scope(x.context(), "state_space_scan");
    const StateSpaceShape shape = shape_of(x.value(), space, skip, lengths);
    Tensor y = Tensor::empty(x.context(), x.shape());
    state_space_kernels(y).forward({.shape = shape,
                                    .x = x.value().f32(),
                                    .decay = space.decay.value().f32(),
                                    .weights = space.weights.value().f32(),
                                    .skip = skip.value().f32(),
                                    .y = y.f32()});
    Tape& tape = x.context().tape();
    if (!tape.records(x, space.decay, space.weights, skip)) return Variable(std::move(y));
    auto& node = tape.record<StateSpaceScanNode>();
    node.shape = shape;
    node.x = x.value();
    node.decay = space.decay.value();
    node.weights = space.weights.value();
    node.skip = skip.value();
    node.lengths = lengths;
    node.x_slot = x.slot();
    node.decay_slot = space.decay.slot();
    node.weights_slot = space.weights.slot();
    node.skip_slot = skip.slot();
    return tape.output(node, std::move(y));
}

Tensor continue_state_space(const Tensor& x, const StateSpace& space, const Variable& skip, Tensor& states) {
    const StateSpaceShape shape = shape_of(x, space, skip, Tensor());
    if (shape.two_sided) throw Error("state_space_scan: expected one direction where tokens continue others, got two");
    check_shape("state_space_scan", "states", states.shape(), {shape.batch, shape.modes, 2, shape.width});
    Tensor y = Tensor::empty(x.context(), x.shape());
    state_space_kernels(y).forward({.shape = shape,
                                    .x = x.f32(),
                                    .decay = space.decay.value().f32(),
                                    .weights = space.weights.value().f32(),
                                    .skip = skip.value().f32(),
                                    .y = y.f32(),
                                    .states = states.f32()});
    return y;
}

}  // namespace heed
