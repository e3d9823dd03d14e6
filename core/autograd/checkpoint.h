#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "heed/core/autograd/tape.h"
#include "heed/core/device/context.h"
#include "heed/core/forward_observer.h"
#include "heed/core/forward_state.h"

namespace heed {

/// What a segment gives; the second may be undefined.
using SegmentOutputs = std::array<Variable, Node::max_outputs>;

/// A segment of the graph that keeps its inputs alone. Saves the values of the inputs.
template <size_t count, class Segment>
struct CheckpointNode final : Node {
    CheckpointNode(const Segment& node_segment, const ForwardState& node_state)
        : Node("checkpoint"), segment(node_segment), state(node_state) {
        state.observer = nullptr;  // it has seen the segment when it ran first
    }

    void backward() override {
        Context& context = values[0].context();
        const InnerTape inner(context);
        std::array<Variable, count> inputs;
        // The ops of the segment write into the slots of its inputs as they would have done without a checkpoint: in
        // the same order, so that sums have the same bits.
        for (size_t i = 0; i < count; ++i) {
            inputs[i] = slots[i] ? Variable(values[i], *slots[i], 0) : Variable(values[i]);
        }
        const SegmentOutputs outputs = segment(std::as_const(inputs), std::as_const(state));
        inputs = {};
        for (int i = 0; i < max_outputs; ++i) {
            GradientSlot* slot = outputs[static_cast<size_t>(i)].slot();
            if (slot && output(i).defined()) slot->add(output(i).take());
        }
        context.tape().walk();
    }

    Segment segment;
    ForwardState state;
    std::array<Tensor, count> values;
    std::array<GradientSlot*, count> slots = {};
};

/// Activation checkpointing (Chen et al., 2016, arXiv:1604.06174): segment(inputs, state), a function of the variables
/// [count] and the state alone but for parameters, of which nothing is kept for backward but the inputs, the first of
/// which is defined. In backward the segment runs again, without the observer of the state; results and gradients have
/// the same bits as without a checkpoint. `segment` is copied.
template <size_t count, class Segment>
SegmentOutputs checkpoint(const std::array<Variable, count>& inputs, const ForwardState& state,
                          const Segment& segment) {
    Context& context = inputs[0].context();
    Tape& tape = context.tape();
    const bool shows_gradients = state.observer != nullptr && state.observer->wants_head_gradients();
    if (!tape.enabled() || tape.watching() || shows_gradients) return segment(inputs, state);
    std::array<Tensor, Node::max_outputs> results;
    std::array<GradientSlot*, count> slots;
    for (size_t i = 0; i < count; ++i) slots[i] = inputs[i].slot();
    bool records = false;
    {
        const InnerTape inner(context);
        std::array<Variable, count> inside;
        for (size_t i = 0; i < count; ++i) {
            inside[i] = slots[i] ? Variable(inputs[i].value(), *slots[i], 0) : Variable(inputs[i].value());
        }
        const SegmentOutputs outputs = segment(std::as_const(inside), state);
        for (size_t i = 0; i < outputs.size(); ++i) {
            results[i] = outputs[i].value();
            records = records || outputs[i].requires_gradient();
        }
    }
    if (!records) return {Variable(std::move(results[0])), Variable(std::move(results[1]))};
    auto& node = tape.record<CheckpointNode<count, Segment>>(segment, state);
    for (size_t i = 0; i < count; ++i) node.values[i] = inputs[i].value();
    node.slots = slots;
    const auto output = [&](int i) {
        Tensor& result = results[static_cast<size_t>(i)];
        return result.defined() ? tape.output(node, std::move(result), i) : Variable();
    };
    return {output(0), output(1)};
}

}  // namespace heed
