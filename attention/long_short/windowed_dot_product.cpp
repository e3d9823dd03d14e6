#include "heed/attention/long_short/windowed_dot_product.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/kernels/accumulate.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

namespace {

/// What forward and backward work on.
struct Windowed {
    Tensor query, key, value, memory_key, memory_value;
    int64_t heads = 1;
    WindowLayout layout;
    Tensor key_lengths;  ///< of each block and sample, i32 [blocks, batch]; undefined: all keys
    float dropout = 0.0f;
    RandomStream stream;

    int64_t batch() const { return query.shape()[0]; }
    int64_t tokens() const { return query.shape()[1]; }
    int64_t dim() const { return query.shape()[2]; }
    Context& context() const { return query.context(); }

    SdpaShape shape_of(int64_t number) const {
        const WindowLayout::Block block = layout.block(number);
        SdpaShape shape{};
        shape.batch = batch();
        shape.heads = heads;
        shape.queries = block.queries;
        shape.keys = block.keys();
        shape.head_dim = dim() / heads;
        shape.scale = 1.0f / std::sqrt(static_cast<float>(shape.head_dim));
        shape.causal = layout.causal();
        if (key_lengths.defined()) shape.key_lengths = key_lengths.slice(number, 1).data<int32_t>();
        shape.dropout = dropout;
        shape.random = stream;
        // The places of weights begin again in each block: each has random numbers of its own.
        shape.random.key.k1 ^= 0x9E3779B9U * static_cast<uint32_t>(number);
        shape.precision = context().device().precision();
        return shape;
    }

    /// The heads of a block's queries within [batch, tokens, dim].
    HeadView rows_of(const Tensor& of, const WindowLayout::Block& block) const {
        HeadView view = head_view(of, 0, dim() / heads);
        view.data = of.view(block.first_query * dim(), {1}).f32();
        return view;
    }

    /// The keys or values of a block, [batch, keys, dim].
    Tensor gathered(const Tensor& memory, const Tensor& window, const WindowLayout::Block& block) const {
        const Tensor all = Tensor::empty(context(), {batch(), block.keys(), dim()});
        const int64_t stride = block.keys() * dim(), of_memory = block.memory * dim();
        if (of_memory > 0) copy_rows({memory, 0, layout.memory() * dim()}, {all, 0, stride}, batch(), of_memory);
        copy_rows({window, block.first_key * dim(), tokens() * dim()}, {all, of_memory, stride}, batch(),
                  stride - of_memory);
        return all;
    }

    /// Adds the gradients of a block's keys or values to those of their places.
    void add_gathered(const Tensor& all, Tensor& memory, Tensor& window, const WindowLayout::Block& block) const {
        const int64_t of_memory = block.memory * dim(), of_window = (block.end_key - block.first_key) * dim();
        for (int64_t sample = 0; sample < batch(); ++sample) {
            const int64_t first = sample * block.keys() * dim();
            if (of_memory > 0) {
                Tensor sum = memory.view(sample * layout.memory() * dim(), {of_memory});
                accumulate(sum, all.view(first, {of_memory}));
            }
            Tensor sum = window.view((sample * tokens() + block.first_key) * dim(), {of_window});
            accumulate(sum, all.view(first + of_memory, {of_window}));
        }
    }

    /// Log-sum-exps of a block, [batch, heads, queries], within those of all.
    float* log_sum_exp_of(const Tensor& all, const WindowLayout::Block& block) const {
        return all.view(block.first_query * batch() * heads, {1}).f32();
    }
};

struct WindowedDotProductNode final : Node {
    WindowedDotProductNode() : Node("windowed_dot_product") {}

    void backward() override {
        const Tensor d_output = output().take();
        Context& context = of.context();
        const SdpaKernels& kernel = sdpa_kernels(d_output);
        Tensor d_query = Tensor::empty(context, of.query.shape()), d_key = Tensor::zeros(context, of.key.shape()),
               d_value = Tensor::zeros(context, of.value.shape()), d_memory_key, d_memory_value;
        if (of.memory_key.defined()) {
            d_memory_key = Tensor::zeros(context, of.memory_key.shape());
            d_memory_value = Tensor::zeros(context, of.memory_value.shape());
        }
        for (int64_t number = 0; of.batch() > 0 && number < of.layout.blocks(); ++number) {
            const WindowLayout::Block block = of.layout.block(number);
            const int64_t head_dim = of.dim() / of.heads;
            const Tensor key = of.gathered(of.memory_key, of.key, block),
                         value = of.gathered(of.memory_value, of.value, block);
            const Tensor d_keys = Tensor::empty(context, key.shape()), d_values = Tensor::empty(context, key.shape());
            SdpaBackward arguments{};
            arguments.shape = of.shape_of(number);
            arguments.query = as_const(of.rows_of(of.query, block));
            arguments.key = as_const(head_view(key, 0, head_dim));
            arguments.value = as_const(head_view(value, 0, head_dim));
            arguments.output = as_const(of.rows_of(output_value, block));
            arguments.log_sum_exp = of.log_sum_exp_of(log_sum_exp, block);
            arguments.d_output = as_const(of.rows_of(d_output, block));
            arguments.d_query = of.rows_of(d_query, block);
            arguments.d_key = head_view(d_keys, 0, head_dim);
            arguments.d_value = head_view(d_values, 0, head_dim);
            const Tensor workspace = Tensor::empty(context, {kernel.workspace(arguments.shape)});
            arguments.workspace = workspace.f32();
            kernel.backward(arguments);
            of.add_gathered(d_keys, d_memory_key, d_key, block);
            of.add_gathered(d_values, d_memory_value, d_value, block);
        }
        if (query_slot) query_slot->add(std::move(d_query));
        if (key_slot) key_slot->add(std::move(d_key));
        if (value_slot) value_slot->add(std::move(d_value));
        if (memory_key_slot) memory_key_slot->add(std::move(d_memory_key));
        if (memory_value_slot) memory_value_slot->add(std::move(d_memory_value));
    }

    Windowed of;
    Tensor output_value, log_sum_exp;
    GradientSlot *query_slot = nullptr, *key_slot = nullptr, *value_slot = nullptr, *memory_key_slot = nullptr,
                 *memory_value_slot = nullptr;
};

/// How many keys of each block are real, for each sample. In the order of a block's keys the padded ones are last.
Tensor key_lengths_of(const Tensor& lengths, const WindowLayout& layout) {
    if (!lengths.defined()) return {};
    std::vector<int32_t> real(static_cast<size_t>(lengths.elements())), of_blocks;
    lengths.copy_to_host(real.data());
    for (int64_t number = 0; number < layout.blocks(); ++number) {
        const WindowLayout::Block block = layout.block(number);
        for (const int32_t length : real) {
            const int64_t in_window = std::clamp<int64_t>(length - block.first_key, 0, block.end_key - block.first_key);
            of_blocks.push_back(length == 0 ? 0 : static_cast<int32_t>(block.memory + in_window));
        }
    }
    return Tensor::from_host(lengths.context(), {layout.blocks(), lengths.elements()},
                             std::span<const int32_t>(of_blocks));
}

void check(const WindowedDotProduct& attention) {
    constexpr const char* op = "windowed_dot_product";
    const Shape& shape = attention.query.shape();
    check_rank(op, "query", shape, 3);
    if (attention.heads < 1 || shape[2] % attention.heads != 0 || shape[2] / attention.heads > largest_head_dim) {
        throw Error(std::string(op) + ": expected heads of at most " + std::to_string(largest_head_dim) +
                    " components, got " + std::to_string(attention.heads) + " heads of width " +
                    std::to_string(shape[2]));
    }
    if (attention.layout.tokens != shape[1] || attention.layout.window < 1) {
        throw Error(std::string(op) + ": expected a layout of " + std::to_string(shape[1]) + " tokens, got " +
                    std::to_string(attention.layout.tokens) + " in windows of " +
                    std::to_string(attention.layout.window));
    }
    check_probability(op, attention.dropout);
    check_shape(op, "key", attention.key.shape(), shape);
    check_shape(op, "value", attention.value.shape(), shape);
    const int64_t memory = attention.layout.memory();
    if (memory > 0) {
        check_shape(op, "memory_key", attention.memory_key.shape(), {shape[0], memory, shape[2]});
        check_shape(op, "memory_value", attention.memory_value.shape(), {shape[0], memory, shape[2]});
    }
    if (attention.lengths.defined()) {
        check_dtype(op, "lengths", attention.lengths, DType::i32);
        check_shape(op, "lengths", attention.lengths.shape(), {shape[0]});
    }
}

}  // namespace

Variable windowed_dot_product(const WindowedDotProduct& attention) {
    const OpScope scope(attention.query.context(), "windowed_dot_product");
    check(attention);
    const bool remembers = attention.layout.memory() > 0;
    Windowed of{.query = attention.query.value(),
                .key = attention.key.value(),
                .value = attention.value.value(),
                .memory_key = remembers ? attention.memory_key.value() : Tensor(),
                .memory_value = remembers ? attention.memory_value.value() : Tensor(),
                .heads = attention.heads,
                .layout = attention.layout,
                .key_lengths = key_lengths_of(attention.lengths, attention.layout),
                .dropout = attention.dropout,
                .stream = attention.stream};
    Context& context = of.context();
    Tensor output = Tensor::empty(context, of.query.shape());
    Tensor log_sum_exp = Tensor::empty(context, {of.batch() * of.heads * of.tokens()});
    const SdpaKernels& kernel = sdpa_kernels(output);
    for (int64_t number = 0; of.batch() > 0 && number < of.layout.blocks(); ++number) {
        const WindowLayout::Block block = of.layout.block(number);
        const int64_t head_dim = of.dim() / of.heads;
        const Tensor key = of.gathered(of.memory_key, of.key, block),
                     value = of.gathered(of.memory_value, of.value, block);
        SdpaForward arguments{};
        arguments.shape = of.shape_of(number);
        arguments.query = as_const(of.rows_of(of.query, block));
        arguments.key = as_const(head_view(key, 0, head_dim));
        arguments.value = as_const(head_view(value, 0, head_dim));
        arguments.output = of.rows_of(output, block);
        arguments.log_sum_exp = of.log_sum_exp_of(log_sum_exp, block);
        const Tensor workspace = Tensor::empty(context, {kernel.workspace(arguments.shape)});
        arguments.workspace = workspace.f32();
        kernel.forward(arguments);
    }
    Tape& tape = context.tape();
    const Variable nothing_remembered;
    const Variable& memory_key = remembers ? attention.memory_key : nothing_remembered;
    const Variable& memory_value = remembers ? attention.memory_value : nothing_remembered;
    if (!tape.records(attention.query, attention.key, attention.value, memory_key, memory_value)) {
        return Variable(std::move(output));
    }
    auto& node = tape.record<WindowedDotProductNode>();
    node.of = std::move(of);
    node.output_value = output;
    node.log_sum_exp = std::move(log_sum_exp);
    node.query_slot = attention.query.slot();
    node.key_slot = attention.key.slot();
    node.value_slot = attention.value.slot();
    node.memory_key_slot = memory_key.slot();
    node.memory_value_slot = memory_value.slot();
    return tape.output(node, std::move(output));
}

}  // namespace heed
