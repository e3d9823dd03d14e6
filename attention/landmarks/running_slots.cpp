#include "heed/attention/landmarks/running_slots.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "heed/attention/heads/head_gradients.h"
#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/landmarks/running_slots_kernels.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/dropout.h"

namespace heed {

namespace {

RunningSlotsShape running_slots_shape(const RunningSlots& attention) {
    const ScaledDotProduct& heads = attention.heads;
    const Shape& tokens = heads.query.source.shape();
    return {.batch = tokens[0],
            .heads = heads.heads,
            .tokens = tokens[1],
            .slots = attention.key_slots.source.shape()[1],
            .head_dim = heads.head_dim,
            .scale = 1.0f / std::sqrt(static_cast<float>(heads.head_dim)),
            .lengths = heads.mask.key_lengths.data_or_null<int32_t>()};
}

void check_running_slots(const RunningSlots& attention) {
    constexpr const char* op = "running_slots";
    check_heads(op, attention.heads);
    const Shape& tokens = attention.heads.query.source.shape();
    check_shape(op, "tokens of the keys", {attention.heads.key.source.shape()[1]}, {tokens[1]});
    const Shape& slots = attention.key_slots.source.shape();
    check_shape(op, "slots", slots, {tokens[0], slots[1], slots[2]});
    check_shape(op, "slots of values", attention.value_slots.source.shape(), slots);
}

/// What the weights of the slots are multiplied by: 0 or 1 / (1 - dropout); undefined without dropout.
Tensor slot_factors(const RunningSlots& attention, const RunningSlotsShape& shape) {
    if (attention.heads.dropout == 0.0f) return {};
    Context& context = attention.heads.query.source.context();
    const NoGradient guard(context);
    const std::vector<float> ones(static_cast<size_t>(shape.batch * shape.heads * shape.tokens * shape.slots), 1.0f);
    const Tensor all = Tensor::from_host(context, {shape.batch, shape.heads * shape.tokens * shape.slots},
                                         std::span<const float>(ones));
    return dropout(Variable(all), attention.heads.dropout, attention.heads.stream).value();
}

Tensor run_slots(const RunningSlots& attention, const Tensor& factors, float* state) {
    Context& context = attention.heads.query.source.context();
    RunningSlotsForward arguments{};
    arguments.shape = running_slots_shape(attention);
    const RunningSlotsShape& shape = arguments.shape;
    const Tensor out = Tensor::empty(context, {shape.batch, shape.tokens, shape.heads * shape.head_dim});
    arguments.inputs = {
        head_view(attention.heads.query, shape.head_dim), head_view(attention.heads.key, shape.head_dim),
        head_view(attention.heads.value, shape.head_dim), head_view(attention.key_slots, shape.head_dim),
        head_view(attention.value_slots, shape.head_dim), factors.data_or_null<float>()};
    arguments.output = head_view(out, 0, shape.head_dim);
    arguments.state = state;
    const RunningSlotsKernels& kernel = running_slots_kernels(out);
    const Tensor workspace = Tensor::empty(context, {kernel.workspace(shape, /*backward=*/false)});
    arguments.workspace = workspace.f32();
    kernel.forward(arguments);
    return out;
}

struct RunningSlotsNode final : Node {
    RunningSlotsNode(const RunningSlots& inputs_of_op, Tensor weight_factors)
        : Node("running_slots"),
          inputs(inputs_of_op.heads),
          shape(running_slots_shape(inputs_of_op)),
          lengths(inputs_of_op.heads.mask.key_lengths),
          factors(std::move(weight_factors)),
          key_slots(inputs_of_op.key_slots.source.value()),
          value_slots(inputs_of_op.value_slots.source.value()),
          key_slots_slot(inputs_of_op.key_slots.source.slot()),
          value_slots_slot(inputs_of_op.value_slots.source.slot()) {}

    void backward() override {
        const Tensor& d_output = output().gradient();
        Context& context = d_output.context();
        inputs.allocate();
        Tensor d_key_slots = Tensor::empty(context, key_slots.shape());
        Tensor d_value_slots = Tensor::empty(context, value_slots.shape());
        const RunningSlotsKernels& kernel = running_slots_kernels(d_output);
        const Tensor workspace = Tensor::empty(context, {kernel.workspace(shape, /*backward=*/true)});
        RunningSlotsBackward arguments{};
        arguments.shape = shape;
        arguments.inputs = {inputs.query(),
                            inputs.key(),
                            inputs.value(),
                            as_const(head_view(key_slots, 0, shape.head_dim)),
                            as_const(head_view(value_slots, 0, shape.head_dim)),
                            factors.data_or_null<float>()};
        arguments.d_output = as_const(head_view(d_output, 0, shape.head_dim));
        arguments.d_query = inputs.d_query();
        arguments.d_key = inputs.d_key();
        arguments.d_value = inputs.d_value();
        arguments.d_key_slots = head_view(d_key_slots, 0, shape.head_dim);
        arguments.d_value_slots = head_view(d_value_slots, 0, shape.head_dim);
        arguments.workspace = workspace.f32();
        kernel.backward(arguments);
        inputs.hand_over();
        if (key_slots_slot) key_slots_slot->add(std::move(d_key_slots));
        if (value_slots_slot) value_slots_slot->add(std::move(d_value_slots));
    }

    HeadGradients inputs;
    RunningSlotsShape shape;
    Tensor lengths;  ///< keeps the memory of shape.lengths
    Tensor factors;
    Tensor key_slots, value_slots;
    GradientSlot *key_slots_slot, *value_slots_slot;
};

}  // namespace

Variable running_slots(const RunningSlots& attention) {
    const OpScope scope(attention.heads.query.source.context(), "running_slots");
    check_running_slots(attention);
    Tensor factors = slot_factors(attention, running_slots_shape(attention));
    Tensor out = run_slots(attention, factors, nullptr);
    Tape& tape = out.context().tape();
    const ScaledDotProduct& heads = attention.heads;
    if (!tape.records(heads.query.source, heads.key.source, heads.value.source, attention.key_slots.source,
                      attention.value_slots.source)) {
        return Variable(std::move(out));
    }
    auto& node = tape.record<RunningSlotsNode>(attention, std::move(factors));
    return tape.output(node, std::move(out));
}

Tensor running_slots_begin(Context& context, int64_t batch, int64_t heads, int64_t slots, int64_t head_dim) {
    const Shape shape = {batch, heads, slots * 2 * (head_dim + 1)};
    std::vector<float> values(static_cast<size_t>(shape.elements()), 0.0f);
    // The log-sum-exps stand behind the means.
    const int64_t of_head = shape[2], means = slots * 2 * head_dim;
    for (int64_t head = 0; head < batch * heads; ++head) {
        for (int64_t i = means; i < of_head; ++i) {
            values[static_cast<size_t>(head * of_head + i)] = -std::numeric_limits<float>::infinity();
        }
    }
    return Tensor::from_host(context, shape, std::span<const float>(values));
}

Tensor running_slots_extend(const RunningSlots& attention, Tensor& state) {
    check_running_slots(attention);
    const RunningSlotsShape shape = running_slots_shape(attention);
    check_shape("running_slots", "state", state.shape(), {shape.batch, shape.heads, running_slots_state(shape)});
    return run_slots(attention, {}, state.f32());
}

}  // namespace heed
