#include "heed/attention/scaled_dot_product.h"

#include <cmath>
#include <string>

#include "heed/attention/sdpa_kernels.h"
#include "heed/core/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise.h"
#include "heed/core/ops/kernel_table.h"
#include "heed/core/ops/matmul.h"
#include "heed/core/ops/permute_heads.h"
#include "heed/core/ops/reshape.h"
#include "heed/core/ops/softmax.h"

namespace heed {

namespace {

const KernelTable<SdpaKernels> kernels{"scaled_dot_product", sdpa_cpu, sdpa_reference};

HeadView view_of(const Tensor& source, int64_t first_column, int64_t head_dim) {
    const int64_t tokens = source.shape()[1], width = source.shape()[2];
    // Addresses of the reference device are no real pointers, so columns are skipped by a tensor view.
    float* first = source.elements() ? source.view(first_column, {1}).f32() : source.f32();
    return {first, tokens * width, width, head_dim};
}

SdpaShape shape_of(const ScaledDotProduct& attention) {
    const Shape &queries = attention.query.source.shape(), &keys = attention.key.source.shape();
    SdpaShape shape{};
    shape.batch = queries[0];
    shape.heads = attention.heads;
    shape.queries = queries[1];
    shape.keys = keys[1];
    shape.head_dim = attention.head_dim;
    shape.scale = 1.0f / std::sqrt(static_cast<float>(attention.head_dim));
    shape.causal = attention.causal;
    shape.key_lengths = attention.mask.key_lengths.defined() ? attention.mask.key_lengths.data<int32_t>() : nullptr;
    shape.dropout = attention.dropout;
    shape.random = attention.stream;
    return shape;
}

void check(const ScaledDotProduct& attention) {
    constexpr const char* op = "scaled_dot_product";
    if (attention.heads < 1 || attention.head_dim < 1 || attention.head_dim > largest_head_dim) {
        throw Error(std::string(op) + ": expected at least one head of 1 to " + std::to_string(largest_head_dim) +
                    " components, got " + std::to_string(attention.heads) + " heads of " +
                    std::to_string(attention.head_dim));
    }
    check_probability(op, attention.dropout);
    const Shape &queries = attention.query.source.shape(), &keys = attention.key.source.shape();
    for (const HeadColumns* columns : {&attention.query, &attention.key, &attention.value}) {
        const Shape& shape = columns->source.shape();
        check_rank(op, "input", shape, 3);
        if (columns->first_column < 0 || columns->first_column + attention.heads * attention.head_dim > shape[2]) {
            throw Error(std::string(op) + ": the heads do not lie within an input of shape " + shape.to_string());
        }
        const Shape& expected = columns == &attention.query ? queries : keys;
        check_shape(op, "tokens of the input", {shape[0], shape[1]}, {queries[0], expected[1]});
    }
    if (attention.mask.key_lengths.defined()) {
        check_dtype(op, "key_lengths", attention.mask.key_lengths, DType::i32);
        check_shape(op, "key_lengths", attention.mask.key_lengths.shape(), {queries[0]});
    }
}

/// A query, key or value as backward needs it: the tensor read in place, and the slot of its variable.
struct SavedHeads {
    Tensor tensor;
    int64_t first_column = 0;
    GradientSlot* slot = nullptr;

    explicit SavedHeads(const HeadColumns& columns)
        : tensor(columns.source.value()), first_column(columns.first_column), slot(columns.source.slot()) {}
};

struct ScaledDotProductNode final : Node {
    ScaledDotProductNode(const ScaledDotProduct& attention, Tensor out, Tensor lse)
        : Node("scaled_dot_product"),
          inputs{SavedHeads(attention.query), SavedHeads(attention.key), SavedHeads(attention.value)},
          shape(shape_of(attention)),
          lengths(attention.mask.key_lengths),
          output_value(std::move(out)),
          log_sum_exp(std::move(lse)) {}

    void backward() override {
        const Tensor& d_output = output().gradient();
        const SdpaKernels& kernel = kernels(d_output);
        Tensor workspace = Tensor::empty(d_output.context(), {kernel.workspace(shape)});
        SdpaBackward arguments{};
        arguments.shape = shape;
        arguments.query = as_const(view(inputs[0]));
        arguments.key = as_const(view(inputs[1]));
        arguments.value = as_const(view(inputs[2]));
        arguments.output = as_const(view_of(output_value, 0, shape.head_dim));
        arguments.log_sum_exp = log_sum_exp.f32();
        arguments.d_output = as_const(view_of(d_output, 0, shape.head_dim));
        allocate_gradients();
        HeadView* gradients[3] = {&arguments.d_query, &arguments.d_key, &arguments.d_value};
        for (int role = 0; role < 3; ++role) {
            *gradients[role] = view_of(gradient[owner[role]], inputs[role].first_column, shape.head_dim);
        }
        arguments.workspace = workspace.f32();
        kernel.backward(arguments);
        for (int role = 0; role < 3; ++role) {
            if (owner[role] == role && inputs[role].slot) inputs[role].slot->add(std::move(gradient[role]));
        }
    }

    HeadView view(const SavedHeads& heads) const { return view_of(heads.tensor, heads.first_column, shape.head_dim); }

    /// Roles that read different columns of one variable write one gradient; overlapping ones need their own.
    void allocate_gradients() {
        const int64_t columns = shape.heads * shape.head_dim;
        int64_t covered[3] = {columns, columns, columns};
        for (int role = 0; role < 3; ++role) {
            owner[role] = role;
            for (int other = 0; other < role && owner[role] == role; ++other) {
                if (owner[other] == other && shares_with(other, role)) owner[role] = other;
            }
            if (owner[role] != role) covered[owner[role]] += columns;
        }
        for (int role = 0; role < 3; ++role) {
            if (owner[role] != role) continue;
            const Tensor& source = inputs[role].tensor;
            gradient[role] = Tensor::empty(source.context(), source.shape());
            if (covered[role] < source.shape()[2]) gradient[role].fill_zero();
        }
    }

    bool shares_with(int first, int second) const {
        if (!inputs[first].slot || inputs[first].slot != inputs[second].slot) return false;
        const int64_t columns = shape.heads * shape.head_dim;
        for (int role = first; role < second; ++role) {
            if (role != first && owner[role] != first) continue;
            if (std::abs(inputs[role].first_column - inputs[second].first_column) < columns) return false;
        }
        return true;
    }

    SavedHeads inputs[3];  ///< query, key, value
    SdpaShape shape;
    Tensor lengths;  ///< keeps the memory of shape.key_lengths
    Tensor output_value, log_sum_exp;
    Tensor gradient[3];
    int owner[3] = {0, 1, 2};
};

ConstHeadView const_view_of(const HeadColumns& columns, int64_t head_dim) {
    return as_const(view_of(columns.source.value(), columns.first_column, head_dim));
}

SdpaForward forward_arguments(const ScaledDotProduct& attention, const Tensor& out, const Tensor& lse) {
    SdpaForward arguments{};
    arguments.shape = shape_of(attention);
    arguments.query = const_view_of(attention.query, attention.head_dim);
    arguments.key = const_view_of(attention.key, attention.head_dim);
    arguments.value = const_view_of(attention.value, attention.head_dim);
    arguments.output = view_of(out, 0, attention.head_dim);
    arguments.log_sum_exp = lse.f32();
    return arguments;
}

struct ForwardResult {
    Tensor output, log_sum_exp;
};

ForwardResult run_forward(const ScaledDotProduct& attention) {
    check(attention);
    Context& context = attention.query.source.context();
    const Shape& queries = attention.query.source.shape();
    ForwardResult result;
    result.output = Tensor::empty(context, {queries[0], queries[1], attention.heads * attention.head_dim});
    result.log_sum_exp = Tensor::empty(context, {queries[0], attention.heads, queries[1]});
    SdpaForward arguments = forward_arguments(attention, result.output, result.log_sum_exp);
    const SdpaKernels& kernel = kernels(result.output);
    Tensor workspace = Tensor::empty(context, {kernel.workspace(arguments.shape)});
    arguments.workspace = workspace.f32();
    kernel.forward(arguments);
    return result;
}

}  // namespace

Variable scaled_dot_product(const ScaledDotProduct& attention) {
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
    arguments.shape = shape_of(attention);
    const SdpaShape& shape = arguments.shape;
    Tensor weights = Tensor::empty(context, {shape.batch, shape.heads, shape.queries, shape.keys});
    arguments.query = const_view_of(attention.query, attention.head_dim);
    arguments.key = const_view_of(attention.key, attention.head_dim);
    arguments.log_sum_exp = result.log_sum_exp.f32();
    arguments.weights = weights.f32();
    const SdpaKernels& kernel = kernels(weights);
    Tensor workspace = Tensor::empty(context, {kernel.workspace(shape)});
    arguments.workspace = workspace.f32();
    kernel.weights(arguments);
    return weights;
}

Variable scaled_dot_product_twin(const ScaledDotProduct& attention) {
    check(attention);
    if (attention.causal || attention.dropout > 0.0f) {
        throw Error("the composed form of scaled_dot_product has neither a causal mask nor dropout");
    }
    const int64_t heads = attention.heads, head_dim = attention.head_dim;
    auto split = [&](const HeadColumns& columns) {
        const Shape& shape = columns.source.shape();
        check_shape("scaled_dot_product_twin", "source", shape, shape.with_last(heads * head_dim));
        return permute_heads(reshape(columns.source, {shape[0], shape[1], heads, head_dim}));
    };
    Variable scores = matmul(split(attention.query), split(attention.key), true);
    Variable weights =
        softmax(scale(scores, 1.0f / std::sqrt(static_cast<float>(head_dim))), attention.mask.key_lengths);
    Variable out = permute_heads(matmul(weights, split(attention.value)));
    return reshape(out, {out.shape()[0], out.shape()[1], heads * head_dim});
}

}  // namespace heed
