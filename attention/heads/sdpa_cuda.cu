#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/attention/tiles/attention_block.cuh"
#include "heed/attention/tiles/row_dots.cuh"
#include "heed/core/cuda/launch.cuh"

// Scaled dot-product attention in blocks that own a tile of queries, or of keys for their gradients: every number is
// written by one thread, which adds up in the order of the tiles.

namespace heed {

namespace {

using namespace cuda;

/// A block's tile and the head that it is of.
struct HeadTile {
    int64_t sample;
    int64_t head;
    int64_t first;  ///< token
};

__device__ HeadTile head_tile(const SdpaShape& shape, int64_t tokens, int rows) {
    const int64_t tiles = (tokens + rows - 1) / rows, head = blockIdx.x / tiles;
    return {head / shape.heads, head % shape.heads, blockIdx.x % tiles * rows};
}

unsigned head_tiles(const SdpaShape& shape, int64_t tokens, int rows) {
    return static_cast<unsigned>(shape.batch * shape.heads * ((tokens + rows - 1) / rows));
}

/// What there is for each query of a head, of [batch, heads, queries, per_query].
template <class Float>
__device__ Float* of_head(Float* values, const SdpaShape& shape, const HeadTile& tile, int64_t per_query = 1) {
    return values + (tile.sample * shape.heads + tile.head) * shape.queries * per_query;
}

template <class Args>
__device__ QueriesAndKeys whole_head(const Args& args, const HeadTile& tile, uint32_t threshold) {
    const SdpaShape& shape = args.shape;
    QueriesAndKeys pairs{};
    pairs.head_dim = static_cast<int>(shape.head_dim);
    pairs.scale = shape.scale;
    pairs.query = head_rows(args.query, tile.sample, tile.head);
    pairs.key = head_rows(args.key, tile.sample, tile.head);
    pairs.queries = shape.queries;
    pairs.keys = shape.keys;
    if (shape.key_lengths) {
        const int64_t length = shape.key_lengths[tile.sample];
        pairs.keys = length < 0 ? 0 : length < shape.keys ? length : shape.keys;
    }
    if (shape.causal) pairs.diagonal = shape.keys - shape.queries;
    pairs.dropout = {.random = shape.random,
                     .threshold = threshold,
                     .keep_scale = 1.0F / (1.0F - shape.dropout),
                     .sample = tile.sample,
                     .first_element = sdpa_dropout_element(shape, tile.head, 0, 0),
                     .elements_per_key = sdpa_dropout_element(shape, 0, 0, 1)};
    return pairs;
}

/// Writes a block's rows first .. of `tokens` rows.
template <class Plan>
__device__ void store_rows(const float (&rows)[Plan::thread_rows][Plan::thread_columns], const HeadRows<float>& to,
                           int64_t first, int64_t tokens, int head_dim) {
    HEED_UNROLL
    for (int i = 0; i < Plan::thread_rows; ++i) {
        const int64_t token = first + thread_y() + i * side;
        if (token >= tokens) continue;
        HEED_UNROLL
        for (int j = 0; j < Plan::thread_columns; ++j) {
            const int component = thread_x() + j * side;
            if (component < head_dim) to.at(token)[component] = rows[i][j];
        }
    }
}

/// Zeros for the rows of a block from `end` on.
template <class Plan>
__device__ void clear_rows(int64_t end, float (&rows)[Plan::thread_rows][Plan::thread_columns]) {
    HEED_UNROLL
    for (int i = 0; i < Plan::thread_rows; ++i) {
        HEED_UNROLL
        for (int j = 0; j < Plan::thread_columns; ++j) rows[i][j] = thread_y() + i * side < end ? rows[i][j] : 0.0F;
    }
}

template <class Plan>
__global__ void __launch_bounds__(attention_threads) sdpa_forward_kernel(SdpaForward args, uint32_t threshold) {
    HEED_DYNAMIC_SHARED(float, memory);
    const HeadTile tile = head_tile(args.shape, args.shape.queries, Plan::own_rows);
    QueriesAndKeys pairs = whole_head(args, tile, threshold);
    pairs.value = head_rows(args.value, tile.sample, tile.head);
    AttentionSums<Plan> sums;
    sums.clear();
    attend<Plan>(pairs, tile.first, sums, memory);
    const HeadRows<float> output = head_rows(args.output, tile.sample, tile.head);
    float* const log_sum_exp = of_head(args.log_sum_exp, args.shape, tile);
    HEED_UNROLL
    for (int i = 0; i < Plan::thread_rows; ++i) {
        const int64_t query = tile.first + thread_y() + i * side;
        if (query >= pairs.queries) continue;
        // The sum is 0 only where a query sees no key.
        const float normaliser = sums.sum[i] == 0 ? 0.0F : pairs.dropout.keep_scale / sums.sum[i];
        HEED_UNROLL
        for (int j = 0; j < Plan::thread_columns; ++j) {
            const int component = thread_x() + j * side;
            if (component < pairs.head_dim) output.at(query)[component] = sums.rows[i][j] * normaliser;
        }
        if (thread_x() == 0) log_sum_exp[query] = sums.sum[i] == 0 ? -INFINITY : sums.maximum[i] + logf(sums.sum[i]);
    }
}

template <class Plan>
__global__ void __launch_bounds__(attention_threads) sdpa_query_gradient_kernel(SdpaBackward args, uint32_t threshold) {
    HEED_DYNAMIC_SHARED(float, memory);
    const HeadTile tile = head_tile(args.shape, args.shape.queries, Plan::own_rows);
    QueriesAndKeys pairs = whole_head(args, tile, threshold);
    pairs.value = head_rows(args.value, tile.sample, tile.head);
    const OutputGradient output = {head_rows(args.d_output, tile.sample, tile.head),
                                   of_head(args.log_sum_exp, args.shape, tile),
                                   of_head(args.workspace, args.shape, tile)};
    float d_query[Plan::thread_rows][Plan::thread_columns] = {};
    add_query_gradient<Plan>(pairs, output, tile.first, d_query, memory);
    store_rows<Plan>(d_query, head_rows(args.d_query, tile.sample, tile.head), tile.first, pairs.queries,
                     pairs.head_dim);
}

template <class Plan>
__global__ void __launch_bounds__(attention_threads) sdpa_key_gradient_kernel(SdpaBackward args, uint32_t threshold) {
    HEED_DYNAMIC_SHARED(float, memory);
    const HeadTile tile = head_tile(args.shape, args.shape.keys, Plan::own_rows);
    QueriesAndKeys pairs = whole_head(args, tile, threshold);
    pairs.value = head_rows(args.value, tile.sample, tile.head);
    const OutputGradient output = {head_rows(args.d_output, tile.sample, tile.head),
                                   of_head(args.log_sum_exp, args.shape, tile),
                                   of_head(args.workspace, args.shape, tile)};
    float d_key[Plan::thread_rows][Plan::thread_columns] = {};
    float d_value[Plan::thread_rows][Plan::thread_columns] = {};
    if (tile.first < pairs.keys) add_key_gradients<Plan>(pairs, output, tile.first, d_key, d_value, memory);
    clear_rows<Plan>(pairs.keys - tile.first, d_key);
    clear_rows<Plan>(pairs.keys - tile.first, d_value);
    store_rows<Plan>(d_key, head_rows(args.d_key, tile.sample, tile.head), tile.first, args.shape.keys, pairs.head_dim);
    store_rows<Plan>(d_value, head_rows(args.d_value, tile.sample, tile.head), tile.first, args.shape.keys,
                     pairs.head_dim);
}

template <class Plan>
__global__ void __launch_bounds__(attention_threads) sdpa_weights_kernel(SdpaWeights args) {
    HEED_DYNAMIC_SHARED(float, memory);
    const HeadTile tile = head_tile(args.shape, args.shape.queries, Plan::own_rows);
    const QueriesAndKeys pairs = whole_head(args, tile, 0);
    const OutputGradient output = {{}, of_head(args.log_sum_exp, args.shape, tile), nullptr};
    const TokenTile queries = pairs.query_tile(tile.first, Plan::own_rows, pairs.scale);
    load_own<Plan>(queries, memory);
    float* const weights = of_head(args.weights, args.shape, tile, args.shape.keys);
    for (int64_t first_key = 0; first_key < args.shape.keys; first_key += other_rows) {
        const TokenTile keys = pairs.key_tile(pairs.key, first_key, other_rows);
        const PairMask mask = pair_mask(pairs.diagonal, tile.first, first_key, keys.count, true);
        float scores[Plan::thread_rows][other_columns];
        dot_products<Plan>(queries, memory, keys, memory + Plan::own_floats, scores);
        HEED_UNROLL
        for (int i = 0; i < Plan::thread_rows; ++i) {
            const int row = thread_y() + i * side;
            if (row >= queries.count) continue;
            const float shift = output.shift(pairs, tile.first + row);
            HEED_UNROLL
            for (int j = 0; j < other_columns; ++j) {
                const int key = thread_x() + j * side;
                if (first_key + key >= args.shape.keys) continue;
                const bool met = key < keys.count && mask.visible(row, key);
                weights[(tile.first + row) * args.shape.keys + first_key + key] =
                    met ? expf(scores[i][j] - shift) : 0.0F;
            }
        }
    }
}

uint32_t threshold_of(const SdpaShape& shape) {
    return drop_threshold(static_cast<double>(shape.dropout));
}

void forward(const SdpaForward& args) {
    with_padded_head_dim(args.shape.head_dim, [&](auto padded_dim) {
        using Plan = ForwardPlan<padded_dim.value>;
        launch(
            "sdpa forward",
            {head_tiles(args.shape, args.shape.queries, Plan::own_rows), dim3(side, side), forward_shared_bytes<Plan>},
            sdpa_forward_kernel<Plan>, args, threshold_of(args.shape));
    });
}

void backward(const SdpaBackward& args) {
    row_dots(args.output, args.d_output, args.shape, args.workspace);
    with_padded_head_dim(args.shape.head_dim, [&](auto padded_dim) {
        using Plan = BackwardPlan<padded_dim.value>;
        launch(
            "sdpa gradient of the queries",
            {head_tiles(args.shape, args.shape.queries, Plan::own_rows), dim3(side, side), backward_shared_bytes<Plan>},
            sdpa_query_gradient_kernel<Plan>, args, threshold_of(args.shape));
        launch("sdpa gradient of the keys",
               {head_tiles(args.shape, args.shape.keys, Plan::own_rows), dim3(side, side), backward_shared_bytes<Plan>},
               sdpa_key_gradient_kernel<Plan>, args, threshold_of(args.shape));
    });
}

void weights(const SdpaWeights& args) {
    with_padded_head_dim(args.shape.head_dim, [&](auto padded_dim) {
        using Plan = ForwardPlan<padded_dim.value>;
        launch(
            "sdpa weights",
            {head_tiles(args.shape, args.shape.queries, Plan::own_rows), dim3(side, side), forward_shared_bytes<Plan>},
            sdpa_weights_kernel<Plan>, args);
    });
}

/// A number for each query: the sums over the components of d_output * output.
int64_t workspace(const SdpaShape& shape) {
    return shape.batch * shape.heads * shape.queries;
}

constexpr SdpaKernels sdpa_cuda_kernels = {forward, backward, weights, workspace};

}  // namespace

const SdpaKernels& sdpa_cuda() {
    return sdpa_cuda_kernels;
}

}  // namespace heed
