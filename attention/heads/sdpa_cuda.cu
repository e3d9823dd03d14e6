#include "heed/attention/heads/sdpa_bf16.cuh"
#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/attention/tiles/attention_block.cuh"
#include "heed/attention/tiles/row_dots.cuh"
#include "heed/core/cuda/for_each.cuh"
#include "heed/core/cuda/launch.cuh"

// Scaled dot-product attention in blocks that own a tile of queries, or of keys for their gradients: every number is
// written by one thread, which adds up in the order of the tiles.

namespace heed {

namespace sdpa_card {

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
    if (hides_future(shape)) pairs.band.diagonal = last_key_of(shape, 0);
    if (hides_past(shape)) pairs.band.reach = shape.before;
    pairs.dropout = head_dropout(shape, tile.sample, tile.head, threshold);
    return pairs;
}

__device__ OutputGradient output_gradient(const SdpaBackward& args, const HeadTile& tile) {
    return {head_rows(args.d_output, tile.sample, tile.head), of_head(args.log_sum_exp, args.shape, tile),
            of_head(args.workspace, args.shape, tile)};
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
    HEED_UNROLL
    for (int i = 0; i < Plan::thread_rows; ++i) {
        // The sum is 0 only where a query sees no key.
        const float normaliser = sums.sum[i] == 0 ? 0.0F : pairs.dropout.keep_scale / sums.sum[i];
        HEED_UNROLL
        for (int j = 0; j < Plan::thread_columns; ++j) sums.rows[i][j] *= normaliser;
        sums.sum[i] = sums.sum[i] == 0 ? -INFINITY : sums.maximum[i] + logf(sums.sum[i]);
    }
    const OwnTokens<Plan> queries{{}, tile.first, pairs.queries, pairs.head_dim};
    queries.store(sums.rows, head_rows(args.output, tile.sample, tile.head));
    queries.store(sums.sum, of_head(args.log_sum_exp, args.shape, tile));
}

template <class Plan>
__global__ void __launch_bounds__(attention_threads) sdpa_query_gradient_kernel(SdpaBackward args, uint32_t threshold) {
    HEED_DYNAMIC_SHARED(float, memory);
    const HeadTile tile = head_tile(args.shape, args.shape.queries, Plan::own_rows);
    QueriesAndKeys pairs = whole_head(args, tile, threshold);
    pairs.value = head_rows(args.value, tile.sample, tile.head);
    const OutputGradient output = output_gradient(args, tile);
    float d_query[Plan::thread_rows][Plan::thread_columns] = {};
    add_query_gradient<Plan>(pairs, output, tile.first, d_query, memory);
    const OwnTokens<Plan> queries{{}, tile.first, pairs.queries, pairs.head_dim};
    queries.store(d_query, head_rows(args.d_query, tile.sample, tile.head));
}

template <class Plan>
__global__ void __launch_bounds__(attention_threads) sdpa_key_gradient_kernel(SdpaBackward args, uint32_t threshold) {
    HEED_DYNAMIC_SHARED(float, memory);
    const HeadTile tile = head_tile(args.shape, args.shape.keys, Plan::own_rows);
    QueriesAndKeys pairs = whole_head(args, tile, threshold);
    pairs.value = head_rows(args.value, tile.sample, tile.head);
    const OutputGradient output = output_gradient(args, tile);
    float d_key[Plan::thread_rows][Plan::thread_columns] = {};
    float d_value[Plan::thread_rows][Plan::thread_columns] = {};
    if (tile.first < pairs.keys) add_key_gradients<Plan>(pairs, output, tile.first, d_key, d_value, memory);
    clear_rows<Plan>(pairs.keys - tile.first, d_key);
    clear_rows<Plan>(pairs.keys - tile.first, d_value);
    const OwnTokens<Plan> keys{{}, tile.first, args.shape.keys, pairs.head_dim};
    keys.store(d_key, head_rows(args.d_key, tile.sample, tile.head));
    keys.store(d_value, head_rows(args.d_value, tile.sample, tile.head));
}

template <class Plan>
__global__ void __launch_bounds__(attention_threads) sdpa_weights_kernel(SdpaWeights args) {
    HEED_DYNAMIC_SHARED(float, memory);
    const HeadTile tile = head_tile(args.shape, args.shape.queries, Plan::own_rows);
    const QueriesAndKeys pairs = whole_head(args, tile, 0);
    float* const weights = of_head(args.weights, args.shape, tile, args.shape.keys);
    for_each_weight<Plan>(
        pairs, of_head(args.log_sum_exp, args.shape, tile), tile.first, memory,
        [&](int64_t query, int64_t key, float weight) { weights[query * args.shape.keys + key] = weight; });
}

uint32_t threshold_of(const SdpaShape& shape) {
    return drop_threshold(static_cast<double>(shape.dropout));
}

void forward(const SdpaForward& args) {
    if (const FusedAttention* const fused = fused_attention_for(args.shape)) return fused_forward(args, *fused);
    with_padded_head_dim(args.shape.head_dim, [&](auto padded_dim) {
        using Plan = ForwardPlan<padded_dim.value>;
        launch(
            "sdpa forward",
            {head_tiles(args.shape, args.shape.queries, Plan::own_rows), dim3(side, side), forward_shared_bytes<Plan>},
            sdpa_forward_kernel<Plan>, args, threshold_of(args.shape));
    });
}

void backward(const SdpaBackward& args) {
    if (const FusedAttention* const fused = fused_attention_for(args.shape)) return fused_backward(args, *fused);
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
    float* const all = args.weights;
    for_each("sdpa weights", args.shape.batch * args.shape.heads * args.shape.queries * args.shape.keys,
             [=] __device__(int64_t i) { all[i] = 0; });
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
    if (const FusedAttention* const fused = fused_attention_for(shape)) return fused_workspace(shape, *fused);
    return shape.batch * shape.heads * shape.queries;
}

bool takes_bf16(const SdpaShape& shape) {
    return fused_attention_for(shape) != nullptr;
}

constexpr SdpaKernels kernels = {forward,    backward,     weights,       workspace,
                                 takes_bf16, bf16_forward, bf16_backward, bf16_workspace};

}  // namespace

}  // namespace sdpa_card

const SdpaKernels& sdpa_cuda() {
    return sdpa_card::kernels;
}

}  // namespace heed
