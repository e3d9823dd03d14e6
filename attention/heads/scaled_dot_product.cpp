#include "heed/attention/heads/scaled_dot_product.h"

#include <string>
#include <type_traits>
#include <utility>

#include "heed/attention/heads/head_gradients.h"
#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"

namespace heed {

namespace {

constexpr const char* sdpa_name = "scaled_dot_product";

/// Multiply-adds of one product of all heads: scores, outputs. Padding counts, what a causal mask hides does not.
int64_t product_multiplies(const SdpaShape& shape) {
    int64_t pairs = shape.queries * shape.keys;
    if (shape.causal) pairs -= shape.queries * (shape.queries - 1) / 2;
    return shape.batch * shape.heads * pairs * shape.head_dim;
}

/// Scratch memory for a pass.
Tensor workspace_for(const SdpaKernels& kernel, const SdpaInputs<float>& inputs, Context& context) {
    return Tensor::empty(context, {kernel.workspace(inputs.shape)});
}
Tensor workspace_for(const SdpaKernels& kernel, const SdpaInputs<Bf16>& inputs, Context& context) {
    return Tensor::empty(context, {kernel.workspace_bf16(inputs)});
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
        count_multiplies(output_value.context(), 5 * product_multiplies(shape));
        inputs.allocate();
        if (output_value.dtype() == DType::bf16) {
            run(arguments<Bf16>());
        } else {
            run(arguments<float>());
        }
        inputs.hand_over();
    }

    template <class Element>
    BasicSdpaBackward<Element> arguments() {
        BasicSdpaBackward<Element> result{};
        result.shape = shape;
        result.query = inputs.query<Element>();
        result.key = inputs.key<Element>();
        result.value = inputs.value<Element>();
        result.output = as_const(head_view<Element>(output_value, 0, shape.head_dim));
        result.log_sum_exp = log_sum_exp.f32();
        result.d_output = as_const(head_view<Element>(output().gradient(), 0, shape.head_dim));
        result.d_query = inputs.d_query<Element>();
        result.d_key = inputs.d_key<Element>();
        result.d_value = inputs.d_value<Element>();
        return result;
    }

    template <class Element>
    void run(BasicSdpaBackward<Element> arguments) {
        const SdpaKernels& kernel = sdpa_kernels(output_value);
        const Tensor workspace = workspace_for(kernel, arguments, output_value.context());
        arguments.workspace = workspace.f32();
        if constexpr (std::is_same_v<Element, Bf16>) {
            kernel.backward_bf16(arguments);
        } else {
            kernel.backward(arguments);
        }
    }

    HeadGradients inputs;
    SdpaShape shape;
    Tensor lengths;  ///< keeps the memory of shape.key_lengths
    Tensor output_value, log_sum_exp;
};

struct ForwardResult {
    Tensor output, log_sum_exp;
};

template <class Element>
void compute_forward(const ScaledDotProduct& attention, const ForwardResult& result) {
    BasicSdpaForward<Element> arguments{};
    arguments.shape = sdpa_shape(attention);
    arguments.query = head_view<Element>(attention.query, attention.head_dim);
    arguments.key = head_view<Element>(attention.key, attention.head_dim);
    arguments.value = head_view<Element>(attention.value, attention.head_dim);
    arguments.output = head_view<Element>(result.output, 0, attention.head_dim);
    arguments.log_sum_exp = result.log_sum_exp.f32();
    Context& context = result.output.context();
    count_multiplies(context, 2 * product_multiplies(arguments.shape));
    const SdpaKernels& kernel = sdpa_kernels(result.output);
    const Tensor workspace = workspace_for(kernel, arguments, context);
    arguments.workspace = workspace.f32();
    if constexpr (std::is_same_v<Element, Bf16>) {
        kernel.forward_bf16(arguments);
    } else {
        kernel.forward(arguments);
    }
}

ForwardResult run_forward(const ScaledDotProduct& attention) {
    check_heads(sdpa_name, attention);
    Context& context = attention.query.source.context();
    const Shape& queries = attention.query.source.shape();
    const DType dtype = attention.query.source.value().dtype();
    ForwardResult result;
    result.output = Tensor::empty(context, {queries[0], queries[1], attention.heads * attention.head_dim}, dtype);
    result.log_sum_exp = Tensor::empty(context, {queries[0], attention.heads, queries[1]});
    if (dtype != DType::bf16) {
        compute_forward<float>(attention, result);
    } else if (scaled_dot_product_takes_bf16(attention, context.device(), queries[0], queries[1],
                                             attention.key.source.shape()[1])) {
        compute_forward<Bf16>(attention, result);
    } else {
        throw Error(std::string(sdpa_name) + ": queries, keys and values of bf16 are not computed on the device " +
                    context.device().name() + " in this shape");
    }
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

bool scaled_dot_product_takes_bf16(const ScaledDotProduct& attention, const Device& device, int64_t batch,
                                   int64_t queries, int64_t keys) {
    return scaled_dot_product_has_bf16(device) &&
           sdpa_kernels(device).takes_bf16(sdpa_shape(attention, device.precision(), batch, queries, keys));
}

bool scaled_dot_product_has_bf16(const Device& device) {
    return sdpa_kernels(device).takes_bf16 != nullptr;
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
