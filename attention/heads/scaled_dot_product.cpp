#include "heed/attention/heads/scaled_dot_product.h"

#include <utility>

#include "heed/attention/heads/head_gradients.h"
#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"

namespace heed {

namespace {

constexpr const char* sdpa_name = "scaled_dot_product";

/// Multiply-adds of one product of all heads: scores, outputs. Padding counts, what a causal mask hides does not.
int64_t product_multiplies(const SdpaShape& shape) {
    int64_t pairs = shape.queries * shape.keys;
    if (shape.causal) pairs -= shape.queries * (shape.queries - 1) / 2;
    return shape.batch * shape.heads * pairs * shape.head_dim;
}

struct ScaledDotProductNode final : Node {
    ScaledDotProductNode(const ScaledDotProduct& attention, Tensor out, Tensor lse)
        : Node(sdpa_name),
          inputs(attention),
          shape(sdpa_shape(attention)),
          lengths(attention.mask.key_lengths),
          output_value(std::move(out)),
          log_sum_exp(std::move(lse)) {}

    void backward() override {
        const Tensor& d_output = output().gradient();
        count_multiplies(d_output.context(), 5 * product_multiplies(shape));
        const SdpaKernels& kernel = sdpa_kernels(d_output);
        Tensor workspace = Tensor::empty(d_output.context(), {kernel.workspace(shape)});
        inputs.allocate();
        SdpaBackward arguments{};
        arguments.shape = shape;
        arguments.query = inputs.query();
        arguments.key = inputs.key();
        arguments.value = inputs.value();
        arguments.output = as_const(head_view(output_value, 0, shape.head_dim));
        arguments.log_sum_exp = log_sum_exp.f32();
        arguments.d_output = as_const(head_view(d_output, 0, shape.head_dim));
        arguments.d_query = inputs.d_query();
        arguments.d_key = inputs.d_key();
        arguments.d_value = inputs.d_value();
        arguments.workspace = workspace.f32();
        kernel.backward(arguments);
        inputs.hand_over();
    }

    HeadGradients inputs;
    SdpaShape shape;
    Tensor lengths;  ///< keeps the memory of shape.key_lengths
    Tensor output_value, log_sum_exp;
};

SdpaForward forward_arguments(const ScaledDotProduct& attention, const Tensor& out, const Tensor& lse) {
    SdpaForward arguments{};
    arguments.shape = sdpa_shape(attention);
    arguments.query = head_view(attention.query, attention.head_dim);
    arguments.key = head_view(attention.key, attention.head_dim);
    arguments.value = head_view(attention.value, attention.head_dim);
    arguments.output = head_view(out, 0, attention.head_dim);
    arguments.log_sum_exp = lse.f32();
    return arguments;
}

struct ForwardResult {
    Tensor output, log_sum_exp;
};

ForwardResult run_forward(const ScaledDotProduct& attention) {
    check_heads(sdpa_name, attention);
    Context& context = attention.query.source.context();
    const Shape& queries = attention.query.source.shape();
    ForwardResult result;
    result.output = Tensor::empty(context, {queries[0], queries[1], attention.heads * attention.head_dim});
    result.log_sum_exp = Tensor::empty(context, {queries[0], attention.heads, queries[1]});
    SdpaForward arguments = forward_arguments(attention, result.output, result.log_sum_exp);
    const SdpaKernels& kernel = sdpa_kernels(result.output);
    Tensor workspace = Tensor::empty(context, {kernel.workspace(arguments.shape)});
    arguments.workspace = workspace.f32();
    count_multiplies(context, 2 * product_multiplies(arguments.shape));
    kernel.forward(arguments);
    return result;
}

}  // namespace

Variable scaled_dot_product(const ScaledDotProduct& attention) {
    const OpScope scope(attention.query.source.context(), sdpa_name);
    ForwardResult result = run_forward(attention);
    Tape& tape = result.output.context().tape();
    if (!tape.records(attention.query.source, attention.key.source, attention.value.source)) {
        return Variable(std::move(result.output));
    }
    auto& node = tape.record<ScaledDotProductNode>(attention, result.output, std::move(result.log_sum_exp));
    return tape.output(node, std::move(result.output));
}

Tensor scaled_dot_product_weights(const ScaledDotProduct& attention) {
    ForwardResult result = run_forward(attention);
    Context& context = result.output.context();
    SdpaWeights arguments{};
    arguments.shape = sdpa_shape(attention);
    const SdpaShape& shape = arguments.shape;
    Tensor weights = Tensor::empty(context, {shape.batch, shape.heads, shape.queries, shape.keys});
    arguments.query = head_view(attention.query, attention.head_dim);
    arguments.key = head_view(attention.key, attention.head_dim);
    arguments.log_sum_exp = result.log_sum_exp.f32();
    arguments.weights = weights.f32();
    const SdpaKernels& kernel = sdpa_kernels(weights);
    Tensor workspace = Tensor::empty(context, {kernel.workspace(shape)});
    arguments.workspace = workspace.f32();
    kernel.weights(arguments);
    return weights;
}

}  // namespace heed
