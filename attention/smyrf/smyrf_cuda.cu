#include "heed/attention/smyrf/orders/smyrf_orders.cuh"
#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/attention/tiles/attention_block.cuh"
#include "heed/attention/tiles/row_dots.cuh"
#include "heed/core/cuda/for_each.cuh"

// SMYRF pass by pass: in a pass a query or key is in at most one chunk, so that every number has one thread that adds
// to it, in the order of the passes and of the tiles of a chunk.

namespace heed {

namespace smyrf_card {

namespace {

using namespace cuda;

/// Which chunk of a pass a block works on, and at which of its tiles it begins. Chunks of the causal forms have any
/// number of queries: a block goes on in steps of `step`.
struct PassGrid {
    int64_t pass;
    int64_t chunks;  ///< of a head
    int64_t tiles;   ///< blocks of a chunk
};

PassGrid pass_grid(const SmyrfShape& shape, int64_t pass, int64_t tokens, int rows) {
    const int64_t chunks = smyrf_pass_chunks(shape, pass);
    return {pass, chunks, tokens / (chunks > 0 ? chunks : 1) / rows + 1};
}

Launch pass_launch(const SmyrfShape& shape, const PassGrid& grid, size_t shared_bytes) {
    return {static_cast<unsigned>(shape.heads.batch * shape.heads.heads * grid.chunks * grid.tiles), dim3(side, side),
            shared_bytes};
}

/// The block's chunk; false where there is none.
template <class Args>
__device__ bool block_chunk(const Args& args, const PassGrid& grid, SmyrfChunk* chunk) {
    const int64_t task = blockIdx.x / grid.tiles, head = task / grid.chunks;
    const SmyrfLists lists = {args.query_order, args.key_order, args.ends};
    return smyrf_find_chunk(args.shape, lists, head / args.shape.heads.heads, head % args.shape.heads.heads, grid.pass,
                            task % grid.chunks, chunk);
}

template <class Args>
__device__ QueriesAndKeys pairs_of_chunk(const Args& args, const SmyrfChunk& chunk, uint32_t threshold) {
    const SdpaShape& shape = args.shape.heads;
    QueriesAndKeys pairs{};
    pairs.head_dim = static_cast<int>(shape.head_dim);
    pairs.scale = shape.scale;
    pairs.query = head_rows(args.query, chunk.sample, chunk.head);
    pairs.key = head_rows(args.key, chunk.sample, chunk.head);
    pairs.query_numbers = {chunk.query_index, chunk.first_query};
    pairs.key_numbers = {chunk.key_index, chunk.first_key};
    pairs.queries = chunk.queries;
    pairs.keys = chunk.keys;
    if (chunk.diagonal >= 0) pairs.band.diagonal = chunk.diagonal;
    pairs.multiplicity = static_cast<float>(chunk.multiplicity);
    pairs.dropout = head_dropout(shape, chunk.sample, chunk.head, threshold);
    return pairs;
}

/// Position of a head's first query in arrays [batch, heads, queries].
__device__ int64_t first_row(const SdpaShape& shape, const SmyrfChunk& chunk) {
    return (chunk.sample * shape.heads + chunk.head) * shape.queries;
}

__device__ OutputGradient output_gradient(const SmyrfBackward& args, const SmyrfChunk& chunk) {
    const int64_t row = first_row(args.shape.heads, chunk);
    return {head_rows(args.d_output, chunk.sample, chunk.head), args.log_sum_exp + row, args.workspace + row};
}

/// Between passes the output holds sums of exp(score - maximum) v, log_sum_exp the maxima, and `sums` (the workspace)
/// the sums of exp(score - maximum).
void begin_sums(const SmyrfForward& args) {
    const SdpaShape shape = args.shape.heads;
    for_each_in_rows(
        "smyrf begin", shape.batch * shape.heads * shape.queries, shape.head_dim,
        [=] __device__(int64_t row, int64_t column) {
            const int64_t head = row / shape.queries;
            head_rows(args.output, head / shape.heads, head % shape.heads).at(row % shape.queries)[column] = 0;
            if (column != 0) return;
            args.log_sum_exp[row] = -INFINITY;
            args.workspace[row] = 0;
        });
}

void end_sums(const SmyrfForward& args) {
    const SdpaShape shape = args.shape.heads;
    const float keep_scale = 1.0F / (1.0F - shape.dropout);
    for_each_in_rows(
        "smyrf end", shape.batch * shape.heads * shape.queries, shape.head_dim,
        [=] __device__(int64_t row, int64_t column) {
            const int64_t head = row / shape.queries;
            const float sum = args.workspace[row];
            // The sum is 0 only where a query meets no key.
            head_rows(args.output, head / shape.heads, head % shape.heads).at(row % shape.queries)[column] *=
                sum == 0 ? 0.0F : keep_scale / sum;
            if (column == 0) args.log_sum_exp[row] = sum == 0 ? -INFINITY : args.log_sum_exp[row] + logf(sum);
        });
}

template <class Plan>
__global__ void __launch_bounds__(attention_threads)
    smyrf_forward_kernel(SmyrfForward args, PassGrid grid, uint32_t threshold) {
    HEED_DYNAMIC_SHARED(float, memory);
    SmyrfChunk chunk;
    if (!block_chunk(args, grid, &chunk) || chunk.keys == 0) return;
    QueriesAndKeys pairs = pairs_of_chunk(args, chunk, threshold);
    pairs.value = head_rows(args.value, chunk.sample, chunk.head);
    const HeadRows<float> output = head_rows(args.output, chunk.sample, chunk.head);
    float* const maxima = args.log_sum_exp + first_row(args.shape.heads, chunk);
    float* const all_sums = args.workspace + first_row(args.shape.heads, chunk);
    for (int64_t first = blockIdx.x % grid.tiles * Plan::own_rows; first < pairs.queries;
         first += grid.tiles * Plan::own_rows) {
        AttentionSums<Plan> sums;
        sums.clear();
        const OwnTokens<Plan> rows{pairs.query_numbers, first, pairs.queries, pairs.head_dim};
        rows.load(output, sums.rows);
        rows.load(maxima, sums.maximum);
        rows.load(all_sums, sums.sum);
        attend<Plan>(pairs, first, sums, memory);
        rows.store(sums.rows, output);
        rows.store(sums.maximum, maxima);
        rows.store(sums.sum, all_sums);
    }
}

template <class Plan>
__global__ void __launch_bounds__(attention_threads)
    smyrf_query_gradient_kernel(SmyrfBackward args, PassGrid grid, uint32_t threshold) {
    HEED_DYNAMIC_SHARED(float, memory);
    SmyrfChunk chunk;
    if (!block_chunk(args, grid, &chunk)) return;
    QueriesAndKeys pairs = pairs_of_chunk(args, chunk, threshold);
    pairs.value = head_rows(args.value, chunk.sample, chunk.head);
    const OutputGradient output = output_gradient(args, chunk);
    for (int64_t first = blockIdx.x % grid.tiles * Plan::own_rows; first < pairs.queries;
         first += grid.tiles * Plan::own_rows) {
        const HeadRows<float> to = head_rows(args.d_query, chunk.sample, chunk.head);
        const OwnTokens<Plan> rows{pairs.query_numbers, first, pairs.queries, pairs.head_dim};
        float d_query[Plan::thread_rows][Plan::thread_columns] = {};
        rows.load(to, d_query);
        add_query_gradient<Plan>(pairs, output, first, d_query, memory);
        rows.store(d_query, to);
    }
}

template <class Plan>
__global__ void __launch_bounds__(attention_threads)
    smyrf_key_gradient_kernel(SmyrfBackward args, PassGrid grid, uint32_t threshold) {
    HEED_DYNAMIC_SHARED(float, memory);
    SmyrfChunk chunk;
    if (!block_chunk(args, grid, &chunk) || chunk.queries == 0) return;
    QueriesAndKeys pairs = pairs_of_chunk(args, chunk, threshold);
    pairs.value = head_rows(args.value, chunk.sample, chunk.head);
    const OutputGradient output = output_gradient(args, chunk);
    for (int64_t first = blockIdx.x % grid.tiles * Plan::own_rows; first < pairs.keys;
         first += grid.tiles * Plan::own_rows) {
        const OwnTokens<Plan> rows{pairs.key_numbers, first, pairs.keys, pairs.head_dim};
        float d_key[Plan::thread_rows][Plan::thread_columns] = {},
              d_value[Plan::thread_rows][Plan::thread_columns] = {};
        rows.load(head_rows(args.d_key, chunk.sample, chunk.head), d_key);
        rows.load(head_rows(args.d_value, chunk.sample, chunk.head), d_value);
        add_key_gradients<Plan>(pairs, output, first, d_key, d_value, memory);
        rows.store(d_key, head_rows(args.d_key, chunk.sample, chunk.head));
        rows.store(d_value, head_rows(args.d_value, chunk.sample, chunk.head));
    }
}

template <class Plan>
__global__ void __launch_bounds__(attention_threads) smyrf_weights_kernel(SmyrfWeights args, PassGrid grid) {
    HEED_DYNAMIC_SHARED(float, memory);
    SmyrfChunk chunk;
    if (!block_chunk(args, grid, &chunk)) return;
    const QueriesAndKeys pairs = pairs_of_chunk(args, chunk, 0);
    const int64_t row = first_row(args.shape.heads, chunk);
    float* const weights = args.weights + row * args.shape.heads.keys;
    for (int64_t first = blockIdx.x % grid.tiles * Plan::own_rows; first < pairs.queries;
         first += grid.tiles * Plan::own_rows) {
        for_each_weight<Plan>(
            pairs, args.log_sum_exp + row, first, memory,
            [&](int64_t query, int64_t key, float weight) { weights[query * args.shape.heads.keys + key] += weight; });
    }
}

uint32_t threshold_of(const SmyrfShape& shape) {
    return drop_threshold(static_cast<double>(shape.heads.dropout));
}

void forward(const SmyrfForward& args) {
    begin_sums(args);
    with_padded_head_dim(args.shape.heads.head_dim, [&](auto padded_dim) {
        using Plan = ForwardPlan<padded_dim.value>;
        for (int64_t pass = 0; pass < smyrf_passes(args.shape); ++pass) {
            const PassGrid grid = pass_grid(args.shape, pass, args.shape.heads.queries, Plan::own_rows);
            launch("smyrf forward", pass_launch(args.shape, grid, forward_shared_bytes<Plan>),
                   smyrf_forward_kernel<Plan>, args, grid, threshold_of(args.shape));
        }
    });
    end_sums(args);
}

/// Every pass adds to the gradients.
void clear_gradient(const HeadView& gradient, const SdpaShape& shape, int64_t tokens) {
    const int64_t heads = shape.heads;
    for_each_in_rows("smyrf gradients", shape.batch * heads * tokens, shape.head_dim,
                     [=] __device__(int64_t row, int64_t column) {
                         const int64_t head = row / tokens;
                         head_rows(gradient, head / heads, head % heads).at(row % tokens)[column] = 0;
                     });
}

void backward(const SmyrfBackward& args) {
    const SdpaShape& shape = args.shape.heads;
    row_dots(args.output, args.d_output, shape, args.workspace);
    clear_gradient(args.d_query, shape, shape.queries);
    clear_gradient(args.d_key, shape, shape.keys);
    clear_gradient(args.d_value, shape, shape.keys);
    with_padded_head_dim(shape.head_dim, [&](auto padded_dim) {
        using Plan = BackwardPlan<padded_dim.value>;
        for (int64_t pass = 0; pass < smyrf_passes(args.shape); ++pass) {
            const PassGrid queries = pass_grid(args.shape, pass, shape.queries, Plan::own_rows);
            launch("smyrf gradient of the queries", pass_launch(args.shape, queries, backward_shared_bytes<Plan>),
                   smyrf_query_gradient_kernel<Plan>, args, queries, threshold_of(args.shape));
            const PassGrid keys = pass_grid(args.shape, pass, shape.keys, Plan::own_rows);
            launch("smyrf gradient of the keys", pass_launch(args.shape, keys, backward_shared_bytes<Plan>),
                   smyrf_key_gradient_kernel<Plan>, args, keys, threshold_of(args.shape));
        }
    });
}

void weights(const SmyrfWeights& args) {
    const SdpaShape& shape = args.shape.heads;
    float* const all = args.weights;
    for_each("smyrf weights", shape.batch * shape.heads * shape.queries * shape.keys,
             [=] __device__(int64_t i) { all[i] = 0; });
    with_padded_head_dim(shape.head_dim, [&](auto padded_dim) {
        using Plan = ForwardPlan<padded_dim.value>;
        for (int64_t pass = 0; pass < smyrf_passes(args.shape); ++pass) {
            const PassGrid grid = pass_grid(args.shape, pass, shape.queries, Plan::own_rows);
            launch("smyrf weights", pass_launch(args.shape, grid, forward_shared_bytes<Plan>),
                   smyrf_weights_kernel<Plan>, args, grid);
        }
    });
}

/// A number for each query: a sum of the forward pass, or one of d_output * output.
int64_t workspace(const SmyrfShape& shape) {
    return shape.heads.batch * shape.heads.heads * shape.heads.queries;
}

constexpr SmyrfKernels kernels = {smyrf_sort,           smyrf_group,           forward,  backward, weights,
                                  smyrf_sort_workspace, smyrf_group_workspace, workspace};

}  // namespace

}  // namespace smyrf_card

const SmyrfKernels& smyrf_cuda() {
    return smyrf_card::kernels;
}

}  // namespace heed
