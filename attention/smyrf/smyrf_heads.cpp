#include "heed/attention/smyrf/smyrf_heads.h"

#include <algorithm>
#include <string>

#include "heed/attention/heads/head_gradients.h"
#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

constexpr const char* smyrf_name = "smyrf_attention";

SmyrfShape smyrf_shape(const SmyrfHeads& attention) {
    SmyrfShape shape{};
    shape.heads = sdpa_shape(attention.heads);
    shape.query_lengths = attention.query_lengths.defined() ? attention.query_lengths.data<int32_t>() : nullptr;
    shape.rounds = attention.rounds;
    shape.cluster = attention.cluster;
    shape.form = attention.form;
    shape.block = smyrf_block(attention.block, attention.cluster);
    shape.first_query = attention.first_query;
    return shape;
}

void check_smyrf(const SmyrfHeads& attention) {
    check_heads(smyrf_name, attention.heads);
    if (attention.heads.causal != (attention.form == SmyrfForm::causal_self)) {
        throw Error(std::string(smyrf_name) + ": expected attention that is " +
                    (attention.heads.causal ? "not causal" : "causal") + " in this form");
    }
    if (attention.rounds < 1 || attention.cluster < 1 || attention.block < 1) {
        throw Error(std::string(smyrf_name) + ": expected at least one round and clusters and blocks of at least one " +
                    "token, got " + std::to_string(attention.rounds) + " rounds with clusters of " +
                    std::to_string(attention.cluster) + " and blocks of " + std::to_string(attention.block));
    }
    if (attention.query_lengths.defined()) {
        check_dtype(smyrf_name, "query_lengths", attention.query_lengths, DType::i32);
        check_shape(smyrf_name, "query_lengths", attention.query_lengths.shape(),
                    {attention.heads.query.source.shape()[0]});
    }
    const int64_t queries = attention.heads.query.source.shape()[1], keys = attention.heads.key.source.shape()[1];
    if (attention.form == SmyrfForm::causal_self &&
        (attention.first_query < 0 || attention.first_query + queries > keys)) {
        throw Error(std::string(smyrf_name) + ": expected queries among the " + std::to_string(keys) +
                    " keys, got queries " + std::to_string(attention.first_query) + " to " +
                    std::to_string(attention.first_query + queries));
    }
}

/// The shapes of orders.
struct OrderShapes {
    explicit OrderShapes(const SmyrfHeads& attention) {
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

void check_orders(const SmyrfHeads& attention, const SmyrfOrders& orders) {
    const OrderShapes expected(attention);
    if (attention.form != SmyrfForm::causal_self) {
        check_dtype(smyrf_name, "orders of the queries", orders.queries, DType::i32);
        check_shape(smyrf_name, "orders of the queries", orders.queries.shape(), expected.queries);
    }
    check_dtype(smyrf_name, "orders of the keys", orders.keys, DType::i32);
    check_shape(smyrf_name, "orders of the keys", orders.keys.shape(), expected.keys);
    if (attention.form != SmyrfForm::clusters) {
        check_dtype(smyrf_name, "ends of the chunks", orders.ends, DType::i32);
        check_shape(smyrf_name, "ends of the chunks", orders.ends.shape(), expected.ends);
    }
}

/// Where the lists begin; in causal_self queries and keys share one array.
int32_t* query_order_of(const SmyrfOrders& orders) {
    return (orders.queries.defined() ? orders.queries : orders.keys).data<int32_t>();
}
int32_t* ends_of(const SmyrfOrders& orders) {
    return orders.ends.defined() ? orders.ends.data<int32_t>() : nullptr;
}

struct SmyrfNode final : Node {
    SmyrfNode(const SmyrfHeads& attention, const SmyrfOrders& both_orders, Tensor out, Tensor lse)
        : Node(smyrf_name),
          inputs(attention.heads),
          shape(smyrf_shape(attention)),
          key_lengths(attention.heads.mask.key_lengths),
          query_lengths(attention.query_lengths),
          orders(both_orders),
          output_value(std::move(out)),
          log_sum_exp(std::move(lse)) {}

    void backward() override {
        const Tensor& d_output = output().gradient();
        const SmyrfKernels& kernel = smyrf_kernels(d_output);
        Tensor workspace = Tensor::empty(d_output.context(), {kernel.workspace(shape)});
        inputs.allocate();
        SmyrfBackward arguments{};
        arguments.shape = shape;
        arguments.query = inputs.query();
        arguments.key = inputs.key();
        arguments.value = inputs.value();
        arguments.query_order = query_order_of(orders);
        arguments.key_order = orders.keys.data<int32_t>();
        arguments.ends = ends_of(orders);
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

struct SmyrfResult {
    Tensor output, log_sum_exp;
};

SmyrfResult run_smyrf(const SmyrfHeads& attention, const SmyrfOrders& orders) {
    check_smyrf(attention);
    check_orders(attention, orders);
    Context& context = attention.heads.query.source.context();
    SmyrfForward arguments{};
    arguments.shape = smyrf_shape(attention);
    const SdpaShape& shape = arguments.shape.heads;
    SmyrfResult result;
    result.output = Tensor::empty(context, {shape.batch, shape.queries, shape.heads * shape.head_dim});
    result.log_sum_exp = Tensor::empty(context, {shape.batch, shape.heads, shape.queries});
    const SmyrfKernels& kernel = smyrf_kernels(result.output);
    Tensor workspace = Tensor::empty(context, {kernel.workspace(arguments.shape)});
    arguments.query = head_view(attention.heads.query, shape.head_dim);
    arguments.key = head_view(attention.heads.key, shape.head_dim);
    arguments.value = head_view(attention.heads.value, shape.head_dim);
    arguments.query_order = query_order_of(orders);
    arguments.key_order = orders.keys.data<int32_t>();
    arguments.ends = ends_of(orders);
    arguments.output = head_view(result.output, 0, shape.head_dim);
    arguments.log_sum_exp = result.log_sum_exp.f32();
    arguments.workspace = workspace.f32();
    kernel.forward(arguments);
    return result;
}

}  // namespace

SmyrfOrders smyrf_orders(const SmyrfHeads& attention, const Tensor& directions) {
    if (attention.form != SmyrfForm::clusters) {
        SmyrfPlaces places;
        smyrf_place(attention, directions, places);
        return places.orders;
    }
    check_smyrf(attention);
    const ScaledDotProduct& heads = attention.heads;
    check_shape(smyrf_name, "directions", directions.shape(), {attention.rounds, heads.heads, heads.head_dim + 2});
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

void smyrf_place(const SmyrfHeads& attention, const Tensor& directions, SmyrfPlaces& places) {
    check_smyrf(attention);
    if (attention.form == SmyrfForm::clusters) throw Error(std::string(smyrf_name) + ": expected a causal form");
    const ScaledDotProduct& heads = attention.heads;
    check_shape(smyrf_name, "directions", directions.shape(), {attention.rounds, heads.heads, heads.head_dim});
    Context& context = heads.query.source.context();
    const OrderShapes shapes(attention);
    const bool self = attention.form == SmyrfForm::causal_self;
    SmyrfOrders& orders = places.orders;
    if (!orders.keys.defined()) {
        orders.keys = Tensor::empty(context, shapes.keys, DType::i32);
        places.means = Tensor::empty(context, shapes.means);
        places.queries = 0;
    }
    if (!self) orders.queries = Tensor::empty(context, shapes.queries, DType::i32);
    if (!self || !orders.ends.defined()) orders.ends = Tensor::empty(context, shapes.ends, DType::i32);
    check_orders(attention, orders);
    check_shape(smyrf_name, "means", places.means.shape(), shapes.means);
    SmyrfPlace arguments{};
    arguments.shape = smyrf_shape(attention);
    arguments.query = head_view(heads.query, heads.head_dim);
    arguments.key = head_view(heads.key, heads.head_dim);
    arguments.directions = directions.f32();
    arguments.query_order = query_order_of(orders);
    arguments.key_order = orders.keys.data<int32_t>();
    arguments.ends = ends_of(orders);
    arguments.means = places.means.f32();
    arguments.placed_before = places.queries;
    const SmyrfKernels& kernel = smyrf_kernels(orders.keys);
    Tensor workspace = Tensor::empty(context, {kernel.place_workspace(arguments.shape)});
    arguments.workspace = workspace.f32();
    kernel.place(arguments);
    places.queries = attention.first_query + heads.query.source.shape()[1];
}

Variable smyrf_attention(const SmyrfHeads& attention, const SmyrfOrders& orders) {
    SmyrfResult result = run_smyrf(attention, orders);
    Tape& tape = result.output.context().tape();
    if (!tape.records(attention.heads.query.source, attention.heads.key.source, attention.heads.value.source)) {
        return Variable(std::move(result.output));
    }
    if (attention.first_query != 0) throw Error(std::string(smyrf_name) + ": gradients need all queries");
    auto& node = tape.record<SmyrfNode>(attention, orders, result.output, std::move(result.log_sum_exp));
    return tape.output(node, std::move(result.output));
}

Tensor smyrf_weights(const SmyrfHeads& attention, const SmyrfOrders& orders) {
    SmyrfResult result = run_smyrf(attention, orders);
    SmyrfWeights arguments{};
    arguments.shape = smyrf_shape(attention);
    const SdpaShape& shape = arguments.shape.heads;
    Context& context = result.output.context();
    Tensor weights = Tensor::empty(context, {shape.batch, shape.heads, shape.queries, shape.keys});
    const SmyrfKernels& kernel = smyrf_kernels(weights);
    Tensor workspace = Tensor::empty(context, {kernel.workspace(arguments.shape)});
    arguments.query = head_view(attention.heads.query, shape.head_dim);
    arguments.key = head_view(attention.heads.key, shape.head_dim);
    arguments.query_order = query_order_of(orders);
    arguments.key_order = orders.keys.data<int32_t>();
    arguments.ends = ends_of(orders);
    arguments.log_sum_exp = result.log_sum_exp.f32();
    arguments.weights = weights.f32();
    arguments.workspace = workspace.f32();
    kernel.weights(arguments);
    return weights;
}

std::vector<double> smyrf_covered_mass(const SmyrfHeads& attention, const SmyrfOrders& orders) {
    const std::vector<float> clustered = smyrf_weights(attention, orders).to_vector();
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

namespace {

int64_t cluster_pairs(int64_t queries, int64_t keys, int64_t chunks) {
    int64_t pairs = 0;
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        pairs += (smyrf_border(chunk + 1, chunks, queries) - smyrf_border(chunk, chunks, queries)) *
                 (smyrf_border(chunk + 1, chunks, keys) - smyrf_border(chunk, chunks, keys));
    }
    return pairs;
}

/// Of `queries` queries that each meet one of the chunks of `keys` sorted keys; chunks differ by at most one key.
SmyrfWork list_work(int64_t queries, int64_t keys, int64_t cluster) {
    const int64_t chunks = smyrf_list_chunks(keys, cluster);
    if (chunks == 1) return {queries * keys, 0, 0};
    return {queries * ((keys + chunks - 1) / chunks), 0, queries * chunks + keys};
}

}  // namespace

SmyrfWork smyrf_work(SmyrfForm form, int64_t queries, int64_t keys, int64_t rounds, int64_t cluster, int64_t block) {
    if (form == SmyrfForm::clusters) {
        const int64_t chunks = smyrf_chunks(queries, keys, cluster);
        if (chunks == 1) return {queries * keys, 0, 0};
        return {rounds * cluster_pairs(queries, keys, chunks), 0, rounds * (queries + keys)};
    }
    if (form == SmyrfForm::causal_cross) {
        const SmyrfWork work = list_work(queries, keys, cluster);
        if (smyrf_list_chunks(keys, cluster) == 1) return work;
        return {rounds * work.pairs, 0, rounds * work.placing};
    }
    block = smyrf_block(block, cluster);
    SmyrfWork work{};
    for (int64_t first = 0; first < keys; first += block) {
        const int64_t tokens = std::min(block, keys - first);
        work.pairs += tokens * (tokens + 1) / 2;
        work.hidden += tokens * (tokens - 1) / 2;
    }
    for (int64_t size = block; size < keys; size *= 2) {
        for (int64_t first = size; first < keys; first += 2 * size) {
            const SmyrfWork list = list_work(std::min(size, keys - first), size, cluster);
            work.pairs += rounds * list.pairs;
            work.placing += rounds * list.placing;
        }
    }
    return work;
}

}  // namespace heed
