#include "heed/attention/smyrf/orders/smyrf_orders.h"

#include <string>

#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

constexpr const char* orders_name = "smyrf_orders";

/// The shapes of orders.
struct OrderShapes {
    explicit OrderShapes(const SmyrfInputs& attention) {
        const SmyrfShape shape = smyrf_shape(attention);
        const SdpaShape& heads = shape.heads;
        queries = {heads.batch, heads.heads, shape.rounds, heads.queries};
        keys = {heads.batch, heads.heads, shape.rounds, heads.keys};
        if (shape.form == SmyrfForm::causal_self) {
            keys = {heads.batch, heads.heads, shape.rounds, smyrf_levels(shape), heads.keys};
        }
        ends = {heads.batch, heads.heads, shape.rounds, smyrf_list_table(shape)};
        means = {heads.batch, heads.heads, shape.rounds, smyrf_list_table(shape), heads.head_dim};
    }
    Shape queries, keys, ends, means;
};

}  // namespace

void check_smyrf_orders(const char* op, const SmyrfInputs& attention, const SmyrfOrders& orders) {
    const OrderShapes expected(attention);
    if (attention.form != SmyrfForm::causal_self) {
        check_dtype(op, "orders of the queries", orders.queries, DType::i32);
        check_shape(op, "orders of the queries", orders.queries.shape(), expected.queries);
    }
    check_dtype(op, "orders of the keys", orders.keys, DType::i32);
    check_shape(op, "orders of the keys", orders.keys.shape(), expected.keys);
    if (attention.form != SmyrfForm::clusters) {
        check_dtype(op, "ends of the chunks", orders.ends, DType::i32);
        check_shape(op, "ends of the chunks", orders.ends.shape(), expected.ends);
    }
}

int32_t* smyrf_query_order(const SmyrfOrders& orders) {
    return (orders.queries.defined() ? orders.queries : orders.keys).data<int32_t>();
}
int32_t* smyrf_ends(const SmyrfOrders& orders) {
    return orders.ends.data_or_null<int32_t>();
}

SmyrfOrders smyrf_orders(const SmyrfInputs& attention, const Tensor& directions) {
    const OpScope scope(attention.heads.query.source.context(), orders_name);
    if (attention.form != SmyrfForm::clusters) {
        SmyrfGrowingOrders growing;
        smyrf_extend_orders(attention, directions, growing);
        return growing.orders;
    }
    check_smyrf_inputs(orders_name, attention);
    const ScaledDotProduct& heads = attention.heads;
    check_shape(orders_name, "directions", directions.shape(), {attention.rounds, heads.heads, heads.head_dim + 2});
    Context& context = heads.query.source.context();
    const OrderShapes shapes(attention);
    SmyrfOrders orders;
    orders.queries = Tensor::empty(context, shapes.queries, DType::i32);
    orders.keys = Tensor::empty(context, shapes.keys, DType::i32);
    SmyrfSort arguments{};
    arguments.shape = smyrf_shape(attention);
    arguments.query = head_view(heads.query, heads.head_dim);
    arguments.key = head_view(heads.key, heads.head_dim);
    arguments.directions = directions.f32();
    arguments.query_order = orders.queries.data<int32_t>();
    arguments.key_order = orders.keys.data<int32_t>();
    const SmyrfKernels& kernel = smyrf_kernels(orders.queries);
    Tensor workspace = Tensor::empty(context, {kernel.sort_workspace(arguments.shape)});
    arguments.workspace = workspace.f32();
    kernel.sort(arguments);
    return orders;
}

void smyrf_extend_orders(const SmyrfInputs& attention, const Tensor& directions, SmyrfGrowingOrders& growing) {
    check_smyrf_inputs(orders_name, attention);
    if (attention.form == SmyrfForm::clusters) throw Error(std::string(orders_name) + ": expected a causal form");
    const ScaledDotProduct& heads = attention.heads;
    check_shape(orders_name, "directions", directions.shape(), {attention.rounds, heads.heads, heads.head_dim});
    Context& context = heads.query.source.context();
    const OrderShapes shapes(attention);
    const bool self = attention.form == SmyrfForm::causal_self;
    SmyrfOrders& orders = growing.orders;
    if (!orders.keys.defined()) {
        orders.keys = Tensor::empty(context, shapes.keys, DType::i32);
        growing.means = Tensor::empty(context, shapes.means);
        growing.queries = 0;
    }
    if (!self) orders.queries = Tensor::empty(context, shapes.queries, DType::i32);
    if (!self || !orders.ends.defined()) orders.ends = Tensor::empty(context, shapes.ends, DType::i32);
    check_smyrf_orders(orders_name, attention, orders);
    check_shape(orders_name, "means", growing.means.shape(), shapes.means);
    SmyrfGroup arguments{};
    arguments.shape = smyrf_shape(attention);
    arguments.query = head_view(heads.query, heads.head_dim);
    arguments.key = head_view(heads.key, heads.head_dim);
    arguments.directions = directions.f32();
    arguments.query_order = smyrf_query_order(orders);
    arguments.key_order = orders.keys.data<int32_t>();
    arguments.ends = smyrf_ends(orders);
    arguments.means = growing.means.f32();
    arguments.grouped_before = growing.queries;
    const SmyrfKernels& kernel = smyrf_kernels(orders.keys);
    Tensor workspace = Tensor::empty(context, {kernel.group_workspace(arguments.shape)});
    arguments.workspace = workspace.f32();
    kernel.group(arguments);
    growing.queries = attention.first_query + heads.query.source.shape()[1];
}

}  // namespace heed
