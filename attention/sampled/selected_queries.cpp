#include "heed/attention/sampled/selected_queries.h"

#include <string>
#include <utility>

#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/sampled/selection_kernels.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

void check_columns(const char* op, const HeadColumns& x, int64_t heads, int64_t head_dim) {
    check_rank(op, "x", x.source.shape(), 3);
    const int64_t width = x.source.shape()[2];
    if (heads < 1 || head_dim < 1 || x.first_column < 0 || x.first_column + heads * head_dim > width) {
        throw Error(std::string(op) + ": the heads do not lie within the " + std::to_string(width) + " columns of x");
    }
}

void check_selected(const char* op, const Tensor& selected, int64_t batch) {
    check_dtype(op, "selected", selected, DType::i32);
    check_rank(op, "selected", selected.shape(), 3);
    check_shape(op, "selected", selected.shape(), selected.shape().with_first(batch));
}

/// The arguments of both kinds of kernels that Args has, from the shape of `selected`.
template <class Args>
Args row_arguments(const Tensor& selected, int64_t head_dim, int64_t tokens) {
    Args result{};
    result.batch = selected.shape()[0];
    result.heads = selected.shape()[1];
    result.most = selected.shape()[2];
    result.head_dim = head_dim;
    result.tokens = tokens;
    result.selected = selected.data<int32_t>();
    return result;
}

struct TakeRowsNode final : Node {
    TakeRowsNode() : Node("take_rows") {}
    void backward() override {
        const Tensor& dy = output().gradient();
        auto [dx, accumulate] = x_slot->target();
        if (!accumulate) dx.fill_zero();
        auto arguments = row_arguments<SelectedRows>(selected, head_dim, dx.shape()[1]);
        arguments.dy = as_const(head_view(dy, 0, head_dim));
        arguments.dx = head_view(dx, first_column, head_dim);
        selection_kernels(dy).take_backward(arguments);
    }
    Tensor selected;
    int64_t head_dim = 1, first_column = 0;
    GradientSlot* x_slot = nullptr;
};

struct PlaceRowsNode final : Node {
    PlaceRowsNode() : Node("place_rows") {}
    void backward() override {
        const Tensor& dy = output().gradient();
        Context& context = dy.context();
        const Tensor d_rows = Tensor::empty(context, rows_shape), d_mean = Tensor::zeros(context, mean_shape);
        auto arguments = row_arguments<PlacedRows>(selected, head_dim, dy.shape()[1]);
        arguments.dy = as_const(head_view(dy, 0, head_dim));
        arguments.dx = head_view(d_rows, 0, head_dim);
        arguments.d_mean = head_view(d_mean, first_column, head_dim);
        selection_kernels(dy).place_backward(arguments);
        if (rows_slot) rows_slot->add(d_rows);
        if (mean_slot) mean_slot->add(d_mean);
    }
    Tensor selected;
    Shape rows_shape, mean_shape;
    int64_t head_dim = 1, first_column = 0;
    GradientSlot *rows_slot = nullptr, *mean_slot = nullptr;
};

}  // namespace

Tensor select_queries(const QuerySelectionInput& input) {
    check_columns("select_queries", input.query, input.heads, input.head_dim);
    check_columns("select_queries", input.key, input.heads, input.head_dim);
    const Shape &shape = input.query.source.shape(), &keys = input.key.source.shape();
    check_shape("select_queries", "key", keys, {shape[0], shape[1], keys[2]});
    check_dtype("select_queries", "words", input.words, DType::i32);
    check_rank("select_queries", "words", input.words.shape(), 2);
    check_shape("select_queries", "words", input.words.shape(), {shape[1], input.words.shape()[1]});
    if (input.lengths.defined()) {
        check_dtype("select_queries", "lengths", input.lengths, DType::i32);
        check_shape("select_queries", "lengths", input.lengths.shape(), {shape[0]});
    }
    Context& context = input.query.source.context();
    Tensor selected = Tensor::empty(context, {shape[0], input.heads, input.words.shape()[1]}, DType::i32);
    QuerySelection arguments{};
    arguments.batch = shape[0];
    arguments.heads = input.heads;
    arguments.tokens = shape[1];
    arguments.head_dim = input.head_dim;
    arguments.factor = input.factor;
    arguments.most = input.words.shape()[1];
    arguments.lengths = input.lengths.data_or_null<int32_t>();
    arguments.words = input.words.data<int32_t>();
    arguments.query = head_view(input.query, input.head_dim);
    arguments.key = head_view(input.key, input.head_dim);
    arguments.selected = selected.data<int32_t>();
    const SelectionKernels& kernels = selection_kernels(selected);
    const Tensor workspace = Tensor::empty(context, {kernels.workspace(arguments)});
    arguments.workspace = workspace.f32();
    kernels.select(arguments);
    return selected;
}

Variable take_rows(const HeadColumns& x, int64_t head_dim, const Tensor& selected) {
    const OpScope scope(x.source.context(), "take_rows");
    check_rank("take_rows", "selected", selected.shape(), 3);
    const int64_t heads = selected.shape()[1];
    check_columns("take_rows", x, heads, head_dim);
    check_selected("take_rows", selected, x.source.shape()[0]);
    Tensor y = Tensor::empty(x.source.context(), {x.source.shape()[0], selected.shape()[2], heads * head_dim});
    auto arguments = row_arguments<SelectedRows>(selected, head_dim, x.source.shape()[1]);
    arguments.x = head_view(x, head_dim);
    arguments.y = head_view(y, 0, head_dim);
    selection_kernels(y).take(arguments);
    Tape& tape = y.context().tape();
    if (!tape.records(x.source)) return Variable(std::move(y));
    auto& node = tape.record<TakeRowsNode>();
    node.selected = selected;
    node.head_dim = head_dim;
    node.first_column = x.first_column;
    node.x_slot = x.source.slot();
    return tape.output(node, std::move(y));
}

Variable place_rows(const Variable& rows, const HeadColumns& mean, int64_t head_dim, const Tensor& selected,
                    int64_t tokens) {
    const OpScope scope(rows.context(), "place_rows");
    check_rank("place_rows", "selected", selected.shape(), 3);
    const int64_t batch = selected.shape()[0], heads = selected.shape()[1];
    check_selected("place_rows", selected, batch);
    check_shape("place_rows", "rows", rows.shape(), {batch, selected.shape()[2], heads * head_dim});
    check_columns("place_rows", mean, heads, head_dim);
    check_shape("place_rows", "mean", mean.source.shape(), {batch, 1, mean.source.shape()[2]});
    Tensor y = Tensor::empty(rows.context(), {batch, tokens, heads * head_dim});
    auto arguments = row_arguments<PlacedRows>(selected, head_dim, tokens);
    arguments.x = head_view({rows, 0}, head_dim);
    arguments.mean = head_view(mean, head_dim);
    arguments.y = head_view(y, 0, head_dim);
    selection_kernels(y).place(arguments);
    Tape& tape = y.context().tape();
    if (!tape.records(rows, mean.source)) return Variable(std::move(y));
    auto& node = tape.record<PlaceRowsNode>();
    node.selected = selected;
    node.rows_shape = rows.shape();
    node.mean_shape = mean.source.shape();
    node.head_dim = head_dim;
    node.first_column = mean.first_column;
    node.rows_slot = rows.slot();
    node.mean_slot = mean.source.slot();
    return tape.output(node, std::move(y));
}

}  // namespace heed
