#include <algorithm>

#include "heed/attention/smyrf/orders/smyrf_orders.cuh"
#include "heed/attention/smyrf/orders/smyrf_sort.cuh"
#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/attention/tiles/attention_block.cuh"
#include "heed/core/cuda/for_each.cuh"

// The lists of the causal forms: keys sorted, the mean keys of their chunks, and each query's chunk.

namespace heed::cuda {

namespace {

/// The lists of one level, of all heads and rounds; causal cross-attention has one level of one list.
struct ListLevel {
    int64_t level;
    int64_t per_round;  ///< lists of a head in a round
    int64_t keys;       ///< most keys of a list
    int64_t queries;    ///< most queries
    int64_t chunks;     ///< most chunks
};

ListLevel list_level(const SmyrfShape& shape, int64_t level) {
    if (shape.form == SmyrfForm::causal_cross) {
        return {0, 1, shape.heads.keys, shape.heads.queries, smyrf_list_table(shape)};
    }
    const SmyrfLevel here = smyrf_level(shape, level);
    return {level, here.pairs - here.first_pair, here.size, here.size, here.chunks};
}

/// The keys and queries of one list.
struct List {
    int64_t sample, head, round;
    int64_t first_key;
    int64_t keys;
    int64_t chunks;
    SmyrfQueries queries;
    bool fresh;  ///< its keys are to be sorted and their means computed
    int32_t* key_order;
    int32_t* query_order;
    int32_t* ends;
    float* means;
};

/// List number `index` of a level.
__device__ List list_at(const SmyrfGroup& args, const ListLevel& level, int64_t index) {
    const SmyrfShape& shape = args.shape;
    const int64_t row = index / level.per_round;  // of [batch, heads, rounds]
    List list{};
    list.round = row % shape.rounds;
    list.head = row / shape.rounds % shape.heads.heads;
    list.sample = row / shape.rounds / shape.heads.heads;
    int64_t first_chunk = row * smyrf_list_table(shape);
    bool sorted = false;
    if (shape.form == SmyrfForm::causal_cross) {
        list.keys = smyrf_key_count(shape, list.sample);
        list.chunks = smyrf_list_chunks(list.keys, shape.cluster);
        list.queries = {0, smyrf_query_count(shape, list.sample)};
        sorted = args.grouped_before > 0;
        list.key_order = args.key_order + row * shape.heads.keys;
        list.query_order = args.query_order + row * shape.heads.queries;
    } else {
        const SmyrfLevel here = smyrf_level(shape, level.level);
        const int64_t pair = here.first_pair + index % level.per_round;
        list.first_key = 2 * pair * here.size;
        const int64_t first_token = list.first_key + here.size;
        first_chunk += here.first_chunk + pair * here.chunks;
        list.keys = here.size;
        list.chunks = here.chunks;
        list.queries = smyrf_queries_of_block(shape, list.sample, first_token, here.size);
        sorted = first_token < args.grouped_before;
        int32_t* const order = args.key_order + (row * smyrf_levels(shape) + level.level) * shape.heads.keys;
        list.key_order = order + list.first_key;
        list.query_order = order + first_token;
    }
    list.fresh = list.queries.count > 0 && list.keys > 0 && list.chunks > 1 && !sorted;
    list.ends = args.ends + first_chunk;
    list.means = args.means + first_chunk * shape.heads.head_dim;
    return list;
}

/// to[lists, level.keys] = what keys are sorted by; a warp computes one. A single chunk keeps its keys in order.
__global__ void __launch_bounds__(block_threads)
    key_hashes_kernel(SmyrfGroup args, ListLevel level, int64_t lists, SortKey* to) {
    const int lane = static_cast<int>(threadIdx.x) % warp_size;
    const int64_t row = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / warp_size;
    if (row >= lists * level.keys) return;
    const List list = list_at(args, level, row / level.keys);
    const int64_t i = row % level.keys, head_dim = args.shape.heads.head_dim;
    uint32_t by = i < list.keys ? 0 : behind_all;
    if (list.fresh && i < list.keys) {
        const float* const key = head_rows(args.key, list.sample, list.head).at(list.first_key + i);
        const float* const direction = args.directions + (list.round * args.shape.heads.heads + list.head) * head_dim;
        float product = 0;
        for (int64_t c = lane; c < head_dim; c += warp_size) product += key[c] * direction[c];
        by = sortable(warp_reduce(product, Sum{}));
    }
    if (lane == 0) to[row] = sort_key(by, list.first_key + i);
}

/// The mean keys of the chunks; a warp computes one.
__global__ void __launch_bounds__(block_threads) mean_keys_kernel(SmyrfGroup args, ListLevel level, int64_t lists) {
    const int lane = static_cast<int>(threadIdx.x) % warp_size;
    const int64_t row = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / warp_size;
    if (row >= lists * level.chunks) return;
    const List list = list_at(args, level, row / level.chunks);
    const int64_t chunk = row % level.chunks, head_dim = args.shape.heads.head_dim;
    if (!list.fresh || chunk >= list.chunks) return;
    const HeadRows<const float> rows = head_rows(args.key, list.sample, list.head);
    const int64_t begin = smyrf_border(chunk, list.chunks, list.keys);
    const int64_t end = smyrf_border(chunk + 1, list.chunks, list.keys);
    for (int64_t c = lane; c < head_dim; c += warp_size) {
        float sum = 0;
        for (int64_t i = begin; i < end; ++i) sum += rows.at(list.key_order[i])[c];
        list.means[chunk * head_dim + c] = sum * (1.0F / static_cast<float>(end - begin));
    }
}

/// A chunk and the product of its mean key with a query.
struct Choice {
    float product;
    int32_t chunk;

    /// NaN is the greatest, so that it shows in the output of every query that might use it; of equal ones the first.
    __device__ bool before(const Choice& other) const {
        const bool number = product == product, other_number = other.product == other.product;
        if (number != other_number) return !number;
        if (number && product != other.product) return product > other.product;
        return chunk < other.chunk;
    }
};

/// to[lists, level.queries] = the chunks of the queries over their numbers. A block takes a tile of queries of a list.
template <class Plan>
__global__ void __launch_bounds__(attention_threads)
    choose_chunks_kernel(SmyrfGroup args, ListLevel level, SortKey* to) {
    HEED_DYNAMIC_SHARED(float, memory);
    const int64_t tiles = (level.queries + Plan::own_rows - 1) / Plan::own_rows;
    const int64_t index = blockIdx.x / tiles, first = blockIdx.x % tiles * Plan::own_rows;
    const List list = list_at(args, level, index);
    const int head_dim = static_cast<int>(args.shape.heads.head_dim);
    const TokenTile queries = {head_rows(args.query, list.sample, list.head),
                               {nullptr, list.queries.first},
                               first,
                               tile_count(list.queries.count, first, Plan::own_rows),
                               head_dim};
    Choice best[Plan::thread_rows];
    HEED_UNROLL
    for (int i = 0; i < Plan::thread_rows; ++i) best[i] = {-INFINITY, 0};
    if (list.chunks > 1 && list.keys > 0 && queries.count > 0) {
        load_own<Plan>(queries, memory);
        for (int64_t chunk = 0; chunk < list.chunks; chunk += other_rows) {
            const TokenTile means = {
                {list.means, head_dim}, {}, chunk, tile_count(list.chunks, chunk, other_rows), head_dim};
            float products[Plan::thread_rows][other_columns];
            dot_products<Plan>(queries, memory, means, memory + Plan::own_floats, products);
            HEED_UNROLL
            for (int i = 0; i < Plan::thread_rows; ++i) {
                HEED_UNROLL
                for (int j = 0; j < other_columns; ++j) {
                    const int column = thread_x() + j * side;
                    const Choice choice = {products[i][j], static_cast<int32_t>(chunk + column)};
                    if (column < means.count && choice.before(best[i])) best[i] = choice;
                }
            }
        }
    }
    HEED_UNROLL
    for (int i = 0; i < Plan::thread_rows; ++i) {
        for (int distance = side / 2; distance > 0; distance /= 2) {
            const Choice other = {__shfl_xor_sync(all_lanes, best[i].product, distance),
                                  __shfl_xor_sync(all_lanes, best[i].chunk, distance)};
            if (other.before(best[i])) best[i] = other;
        }
        const int64_t query = first + thread_y() + i * side;
        if (thread_x() != 0 || query >= level.queries) continue;
        const uint32_t chunk = query < list.queries.count ? static_cast<uint32_t>(best[i].chunk) : behind_all;
        to[index * level.queries + query] = sort_key(chunk, list.queries.first + query);
    }
}

/// Sorts the keys of all lists of a level that are fresh, and computes their means.
void sort_keys(const SmyrfGroup& args, const ListLevel& level, int64_t lists, SortKey* const (&memory)[2]) {
    const auto warps = [](int64_t items) {
        return Launch{static_cast<unsigned>((items * warp_size + block_threads - 1) / block_threads), block_threads};
    };
    launch("hashes of keys", warps(lists * level.keys), key_hashes_kernel, args, level, lists, memory[0]);
    const SortKey* const sorted = sort_lists(memory[0], memory[1], lists, level.keys);
    for_each("orders of keys", lists * level.keys, [=] __device__(int64_t place) {
        const List list = list_at(args, level, place / level.keys);
        const int64_t i = place % level.keys;
        if (i < list.keys && (list.fresh || list.chunks == 1)) list.key_order[i] = sorted_index(sorted[place]);
    });
    launch("mean keys", warps(lists * level.chunks), mean_keys_kernel, args, level, lists);
}

/// Writes the queries of all lists of a level chunk by chunk, each chunk's in their order.
void group_queries(const SmyrfGroup& args, const ListLevel& level, int64_t lists, SortKey* const (&memory)[2]) {
    with_padded_head_dim(args.shape.heads.head_dim, [&](auto padded_dim) {
        using Plan = ForwardPlan<padded_dim.value>;
        const int64_t tiles = (level.queries + Plan::own_rows - 1) / Plan::own_rows;
        launch("choice of chunks", {static_cast<unsigned>(lists * tiles), dim3(side, side), forward_shared_bytes<Plan>},
               choose_chunks_kernel<Plan>, args, level, memory[0]);
    });
    const SortKey* const sorted = sort_lists(memory[0], memory[1], lists, level.queries);
    for_each("orders of queries", lists * level.queries, [=] __device__(int64_t place) {
        const List list = list_at(args, level, place / level.queries);
        const int64_t i = place % level.queries;
        if (i < list.queries.count) list.query_order[i] = sorted_index(sorted[place]);
    });
    for_each("ends of chunks", lists * level.chunks, [=] __device__(int64_t place) {
        const List list = list_at(args, level, place / level.chunks);
        const int64_t chunk = place % level.chunks;
        if (chunk >= list.chunks) return;
        // The queries of this chunk and those before it.
        const SortKey* const grouped = sorted + place / level.chunks * level.queries;
        int64_t low = 0, high = list.queries.count;
        while (low < high) {
            const int64_t middle = (low + high) / 2;
            if (static_cast<int64_t>(grouped[middle] >> 32) <= chunk) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        list.ends[chunk] = static_cast<int32_t>(low);
    });
}

/// Sort keys that each of the two buffers holds.
int64_t group_buffer(const SmyrfShape& shape) {
    const int64_t rows = shape.heads.batch * shape.heads.heads * shape.rounds;
    // The left blocks of a level end before the last token, and it has as many right ones.
    return rows *
           (shape.form == SmyrfForm::causal_cross ? std::max(shape.heads.keys, shape.heads.queries) : shape.heads.keys);
}

}  // namespace

void smyrf_group(const SmyrfGroup& args) {
    const SmyrfShape& shape = args.shape;
    auto* const keys = reinterpret_cast<SortKey*>(args.workspace);
    SortKey* const memory[2] = {keys, keys + group_buffer(shape)};
    const int64_t levels = shape.form == SmyrfForm::causal_cross ? 1 : smyrf_levels(shape);
    for (int64_t l = 0; l < levels; ++l) {
        const ListLevel level = list_level(shape, l);
        const int64_t lists = shape.heads.batch * shape.heads.heads * shape.rounds * level.per_round;
        if (lists == 0) continue;
        sort_keys(args, level, lists, memory);
        group_queries(args, level, lists, memory);
    }
}

int64_t smyrf_group_workspace(const SmyrfShape& shape) {
    return 2 * static_cast<int64_t>(sizeof(SortKey) / sizeof(float)) * group_buffer(shape);
}

}  // namespace heed::cuda
