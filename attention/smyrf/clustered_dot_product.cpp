#include "heed/attention/smyrf/clustered_dot_product.h"

#include <string>
#include <utility>

#include "heed/attention/heads/head_gradients.h"
#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/smyrf/smyrf_work.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"

namespace heed {

namespace {

constexpr const char* clustered_name = "clustered_dot_product";

/// Multiply-adds of one product of all heads: scores, outputs. Padding counts, what a causal mask hides does not.
int64_t product_multiplies(const SmyrfShape& shape) {
    const SdpaShape& heads = shape.heads;
    const SmyrfWork work = smyrf_work(shape.form, heads.queries, heads.keys, shape.rounds, shape.cluster, shape.block);
    return heads.batch * heads.heads * work.pairs * heads.head_dim;
}

struct ClusteredDotProductNode final : Node {
    ClusteredDotProductNode(const SmyrfInputs& attention, const SmyrfOrders& both_orders, Tensor out, Tensor lse)
        : Node(clustered_name),
          inputs(attention.heads),
          shape(smyrf_shape(attention)),
          key_lengths(attention.heads.mask.key_lengths),
          query_lengths(attention.query_lengths),
          orders(both_orders),
          output_value(std::move(out)),
          log_sum_exp(std::move(lse)) {}

    void backward() override {
        const Tensor& d_output = output().gradient();
        count_multiplies(d_output.context(), 5 * product_multiplies(shape));
        const SmyrfKernels& kernel = smyrf_kernels(d_output);
        Tensor workspace = Tensor::empty(d_output.context(), {kernel.workspace(shape)});
        inputs.allocate();
        SmyrfBackward arguments{};
        arguments.shape = shape;
        arguments.query = inputs.query();
        arguments.key = inputs.key();
        arguments.value = inputs.value();
        arguments.query_order = smyrf_query_order(orders);
        arguments.key_order = orders.keys.data<int32_t>();
        arguments.ends = smyrf_ends(orders);
        arguments.output = as_const(head_view(output_value, 0, shape.heads.head_dim));
        arguments.log_sum_exp = log_sum_exp.f32();
        arguments.d_output = as_const(head_view(d_output, 0, shape.heads.head_dim));
        arguments.d_query = inputs.d_query();
        arguments.d_key = inputs.d_key();
        arguments.d_value = inputs.d_value();
        arguments.workspace = workspace.f32();
        kernel.backward(arguments);
        inputs.hand_over();
    }

    HeadGradients inputs;
    SmyrfShape shape;
    Tensor key_lengths, query_lengths;  ///< keep the memory of the shape's lengths
    SmyrfOrders orders;
    Tensor output_value, log_sum_exp;
};

struct ClusteredResult {
    Tensor output, log_sum_exp;
};

ClusteredResult run_clustered(const SmyrfInputs& attention, const SmyrfOrders& orders) {
    check_smyrf_inputs(clustered_name, attention);
    check_smyrf_orders(clustered_name, attention, orders);
    Context& context = attention.heads.query.source.context();
    SmyrfForward arguments{};
    arguments.shape = smyrf_shape(attention);
    const SdpaShape& shape = arguments.shape.heads;
    ClusteredResult result;
    result.output = Tensor::empty(context, {shape.batch, shape.queries, shape.heads * shape.head_dim});
    result.log_sum_exp = Tensor::empty(context, {shape.batch, shape.heads, shape.queries});
    const SmyrfKernels& kernel = smyrf_kernels(result.output);
    Tensor workspace = Tensor::empty(context, {kernel.workspace(arguments.shape)});
    arguments.query = head_view(attention.heads.query, shape.head_dim);
    arguments.key = head_view(attention.heads.key, shape.head_dim);
    arguments.value = head_view(attention.heads.value, shape.head_dim);
    arguments.query_order = smyrf_query_order(orders);
    arguments.key_order = orders.keys.data<int32_t>();
    arguments.ends = smyrf_ends(orders);
    arguments.output = head_view(result.output, 0, shape.head_dim);
    arguments.log_sum_exp = result.log_sum_exp.f32();
    arguments.workspace = workspace.f32();
    count_multiplies(context, 2 * product_multiplies(arguments.shape));
    kernel.forward(arguments);
    return result;
}

}  // namespace

Variable clustered_dot_product(const SmyrfInputs& attention, const SmyrfOrders& orders) {
    const OpScope scope(attention.heads.query.source.context(), clustered_name);
    ClusteredResult result = run_clustered(attention, orders);
    Tape& tape = result.output.context().tape();
    if (!tape.records(attention.heads.query.source, attention.heads.key.source, attention.heads.value.source)) {
        return Variable(std::move(result.output));
    }
    if (attention.first_query != 0) throw Error(std::string(clustered_name) + ": gradients need all queries");
    auto& node = tape.record<ClusteredDotProductNode>(attention, orders, result.output, std::move(result.log_sum_exp));
    return tape.output(node, std::move(result.output));
}

Tensor clustered_dot_product_weights(const SmyrfInputs& attention, const SmyrfOrders& orders) {
    ClusteredResult result = run_clustered(attention, orders);
    SmyrfWeights arguments{};
    arguments.shape = smyrf_shape(attention);
    const SdpaShape& shape = arguments.shape.heads;
    Context& context = result.output.context();
    Tensor weights = Tensor::empty(context, {shape.batch, shape.heads, shape.queries, shape.keys});
    const SmyrfKernels& kernel = smyrf_kernels(weights);
    Tensor workspace = Tensor::empty(context, {kernel.workspace(arguments.shape)});
    arguments.query = head_view(attention.heads.query, shape.head_dim);
    arguments.key = head_view(attention.heads.key, shape.head_dim);
    arguments.query_order = smyrf_query_order(orders);
    arguments.key_order = orders.keys.data<int32_t>();
    arguments.ends = smyrf_ends(orders);
    arguments.log_sum_exp = result.log_sum_exp.f32();
    arguments.weights = weights.f32();
    arguments.workspace = workspace.f32();
    kernel.weights(arguments);
    return weights;
}

std::vector<double> clustered_covered_mass(const SmyrfInputs& attention, const SmyrfOrders& orders) {
    const std::vector<float> clustered = clustered_dot_product_weights(attention, orders).to_vector();
    ScaledDotProduct without_dropout = attention.heads;
    without_dropout.dropout = 0.0f;
    const std::vector<float> dense = scaled_dot_product_weights(without_dropout).to_vector();
    const int64_t heads = attention.heads.heads, keys = attention.heads.key.source.shape()[1];
    const int64_t queries = attention.heads.query.source.shape()[1];
    std::vector<double> covered(static_cast<size_t>(heads), 0.0);
    std::vector<int64_t> used(covered.size(), 0);
    for (int64_t row = 0; row * keys < static_cast<int64_t>(dense.size()); ++row) {
        const auto head = static_cast<size_t>(row / queries % heads);
        double sum = 0.0;
        bool meets_key = false;
        for (int64_t i = row * keys; i < (row + 1) * keys; ++i) {
            if (clustered[i] == 0.0f) continue;
            meets_key = true;
            sum += dense[i];
        }
        if (!meets_key) continue;
        covered[head] += sum;
        ++used[head];
    }
    for (size_t head = 0; head < covered.size(); ++head) {
        covered[head] = used[head] == 0 ? 1.0 : covered[head] / static_cast<double>(used[head]);
    }
    return covered;
}

}  // namespace heed
