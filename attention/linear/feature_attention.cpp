#include "heed/attention/linear/feature_attention.h"

#include <algorithm>
#include <utility>

#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/linear/feature_kernels.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

void check_features(const char* op, const FeatureAttention& attention) {
    check_rank(op, "query features", attention.query.shape(), 4);
    check_rank(op, "key features", attention.key.shape(), 4);
    check_rank(op, "value", attention.value.source.shape(), 3);
    const Shape &queries = attention.query.shape(), &keys = attention.key.shape();
    check_shape(op, "key features", keys, {queries[0], keys[1], queries[2], queries[3]});
    const Shape& values = attention.value.source.shape();
    check_shape(op, "value", values, {keys[0], keys[1], values[2]});
    const int64_t columns = keys[2] * attention.head_dim;
    if (attention.value.first_column < 0 || attention.value.first_column + columns > values[2]) {
        throw Error(std::string(op) + ": the heads do not lie within the " + std::to_string(values[2]) +
                    " columns of the values");
    }
    if (queries[3] < 1 || queries[3] > largest_features || attention.head_dim < 1 ||
        attention.head_dim > largest_head_dim) {
        throw Error(std::string(op) + ": expected 1 to " + std::to_string(largest_features) +
                    " features and heads of 1 to " + std::to_string(largest_head_dim) + " components, got " +
                    std::to_string(queries[3]) + " and " + std::to_string(attention.head_dim));
    }
    if (attention.causal && queries[1] != keys[1]) {
        throw Error(std::string(op) + ": expected as many queries as keys under a causal mask, got " +
                    std::to_string(queries[1]) + " and " + std::to_string(keys[1]));
    }
    if (!attention.key_lengths.defined()) return;
    check_dtype(op, "key_lengths", attention.key_lengths, DType::i32);
    check_shape(op, "key_lengths", attention.key_lengths.shape(), {keys[0]});
}

FeatureShape feature_shape(const FeatureAttention& attention) {
    const Shape &queries = attention.query.shape(), &keys = attention.key.shape();
    FeatureShape shape{};
    shape.batch = queries[0];
    shape.heads = queries[2];
    shape.queries = queries[1];
    shape.keys = keys[1];
    shape.features = queries[3];
    shape.head_dim = attention.head_dim;
    shape.logarithmic = attention.logarithmic;
    shape.causal = attention.causal;
    shape.floor = attention.floor;
    shape.key_lengths = attention.key_lengths.data_or_null<int32_t>();
    return shape;
}

/// The gradient of what `slot` belongs to, for adding to it.
Tensor gradient_to_add(GradientSlot& slot) {
    auto [tensor, accumulate] = slot.target();
    if (!accumulate) tensor.fill_zero();
    return tensor;
}

struct FeatureResult {
    Tensor output, normaliser;
};

/// Goes on from `state` where it is defined, else makes it.
FeatureResult run_features(const char* op, const FeatureAttention& attention, Tensor& state) {
    check_features(op, attention);
    Context& context = attention.query.context();
    const FeatureShape shape = feature_shape(attention);
    FeatureResult result;
    result.output = Tensor::empty(context, {shape.batch, shape.queries, shape.heads * shape.head_dim});
    result.normaliser = Tensor::empty(context, {shape.batch, shape.heads, shape.queries});
    const FeatureKernels& kernels = feature_kernels(result.output);
    const Shape state_shape = {shape.batch, kernels.state_floats(shape)};
    FeatureForward arguments{};
    arguments.continued = state.defined();
    if (!state.defined()) state = Tensor::empty(context, state_shape);
    check_shape(op, "state", state.shape(), state_shape);
    arguments.shape = shape;
    arguments.query = attention.query.value().f32();
    arguments.key = attention.key.value().f32();
    arguments.value = head_view(attention.value, shape.head_dim);
    arguments.output = head_view(result.output, 0, shape.head_dim);
    arguments.normaliser = result.normaliser.f32();
    arguments.state = state.f32();
    kernels.forward(arguments);
    return result;
}

struct FeatureAttentionNode final : Node {
    explicit FeatureAttentionNode(const FeatureAttention& attention) : Node("feature_attention"), inputs(attention) {}

    void backward() override {
        const Tensor& d_output = output().gradient();
        Context& context = d_output.context();
        const FeatureShape shape = feature_shape(inputs);
        const FeatureKernels& kernels = feature_kernels(d_output);
        const Tensor d_query = Tensor::empty(context, inputs.query.shape());
        const Tensor d_key = Tensor::empty(context, inputs.key.shape());
        const Tensor d_value =
            value_slot ? gradient_to_add(*value_slot) : Tensor::zeros(context, inputs.value.source.shape());
        const Tensor workspace = Tensor::empty(context, {kernels.workspace(shape)});
        FeatureBackward arguments{};
        arguments.shape = shape;
        arguments.query = inputs.query.value().f32();
        arguments.key = inputs.key.value().f32();
        arguments.value = head_view(inputs.value, shape.head_dim);
        arguments.output = as_const(head_view(output_value, 0, shape.head_dim));
        arguments.normaliser = normaliser.f32();
        arguments.d_output = as_const(head_view(d_output, 0, shape.head_dim));
        arguments.d_query = d_query.f32();
        arguments.d_key = d_key.f32();
        arguments.d_value = head_view(d_value, inputs.value.first_column, shape.head_dim);
        arguments.workspace = workspace.f32();
        kernels.backward(arguments);
        if (query_slot) query_slot->add(d_query);
        if (key_slot) key_slot->add(d_key);
    }

    FeatureAttention inputs;
    GradientSlot *query_slot = nullptr, *key_slot = nullptr, *value_slot = nullptr;
    Tensor output_value, normaliser;
};

}  // namespace

Variable feature_attention(const FeatureAttention& attention) {
    const OpScope scope(attention.query.context(), "feature_attention");
    Tensor state;
    FeatureResult result = run_features("feature_attention", attention, state);
    Tape& tape = result.output.context().tape();
    if (!tape.records(attention.query, attention.key, attention.value.source)) {
        return Variable(std::move(result.output));
    }
    auto& node = tape.record<FeatureAttentionNode>(attention);
    node.query_slot = attention.query.slot();
    node.key_slot = attention.key.slot();
    node.value_slot = attention.value.source.slot();
    node.output_value = result.output;
    node.normaliser = std::move(result.normaliser);
    return tape.output(node, std::move(result.output));
}

Tensor feature_attention_weights(const FeatureAttention& attention) {
    Tensor state;
    const FeatureResult result = run_features("feature_attention", attention, state);
    FeatureWeights arguments{};
    arguments.shape = feature_shape(attention);
    const FeatureShape& shape = arguments.shape;
    Tensor weights = Tensor::empty(result.output.context(), {shape.batch, shape.heads, shape.queries, shape.keys});
    arguments.query = attention.query.value().f32();
    arguments.key = attention.key.value().f32();
    arguments.normaliser = result.normaliser.f32();
    arguments.weights = weights.f32();
    feature_kernels(weights).weights(arguments);
    return weights;
}

Tensor continue_feature_attention(const FeatureAttention& attention, Tensor& state) {
    return run_features("feature_attention", attention, state).output;
}

}  // namespace heed
