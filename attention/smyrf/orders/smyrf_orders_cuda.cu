#include <algorithm>

#include "heed/attention/smyrf/orders/smyrf_orders.cuh"
#include "heed/attention/smyrf/orders/smyrf_sort.cuh"
#include "heed/attention/smyrf/smyrf_layout.h"
#include "heed/attention/tiles/attention_block.cuh"
#include "heed/core/cuda/for_each.cuh"

// The orders of the form of clusters: keys are centred, queries and keys made equally long, hashed, and sorted.

namespace heed::cuda {

namespace {

constexpr int centre_columns = warp_size;
constexpr int centre_rows = 8;

/// Whether the tokens of a sample are sorted; those of one chunk keep their order.
__device__ bool is_sorted(const SmyrfShape& shape, int64_t sample) {
    return smyrf_chunks(smyrf_query_count(shape, sample), smyrf_key_count(shape, sample), shape.cluster) > 1;
}

/// centre[batch, heads, head_dim] = the mean of the real keys, to which components that are not finite contribute
/// nothing. A block takes 32 components of a head. Short sums are added up, so that the mean of many rows is as exact
/// as that of few.
__global__ void __launch_bounds__(centre_columns* centre_rows) centre_of_keys_kernel(SmyrfSort args, float* centre) {
    HEED_SHARED(float, of_rows, centre_rows* centre_columns);
    const SdpaShape& shape = args.shape.heads;
    const int64_t head = blockIdx.x, component = int64_t{blockIdx.y} * centre_columns + threadIdx.x;
    const int64_t sample = head / shape.heads, keys = smyrf_key_count(args.shape, sample);
    const HeadRows<const float> rows = head_rows(args.key, sample, head % shape.heads);
    const float share = 1.0F / static_cast<float>(keys > 0 ? keys : 1);
    float mean = 0;
    constexpr int64_t rows_of_sum = int64_t{64} * centre_rows;
    for (int64_t first = 0; first < keys && component < shape.head_dim; first += rows_of_sum) {
        float sum = 0;
        const int64_t end = first + rows_of_sum < keys ? first + rows_of_sum : keys;
        for (int64_t i = first + threadIdx.y; i < end; i += centre_rows) {
            const float x = rows.at(i)[component];
            sum += x * 0.0F == 0 ? x : 0.0F;
        }
        mean += sum * share;
    }
    of_rows[threadIdx.y * centre_columns + threadIdx.x] = mean;
    __syncthreads();
    if (threadIdx.y != 0 || component >= shape.head_dim) return;
    float sum = 0;
    for (unsigned y = 0; y < centre_rows; ++y) sum += of_rows[y * centre_columns + threadIdx.x];
    centre[head * shape.head_dim + component] = sum;
}

/// The tokens of one role, queries or keys, in all heads.
struct Role {
    ConstHeadView rows;
    int64_t tokens;
    bool keys;
    const float* centre;  ///< of keys, [batch, heads, head_dim]
    float* norm;          ///< [batch, heads, tokens]: squared distances from the centre

    __device__ int64_t real(const SmyrfShape& shape, int64_t sample) const {
        return keys ? smyrf_key_count(shape, sample) : smyrf_query_count(shape, sample);
    }
    __device__ float at(const float* row, int64_t head, int64_t head_dim, int64_t component) const {
        return keys ? row[component] - centre[head * head_dim + component] : row[component];
    }
};

/// Squared distances of the tokens from their centre; a warp adds up one.
__global__ void __launch_bounds__(block_threads) distances_kernel(SmyrfShape shape, Role role) {
    const int lane = static_cast<int>(threadIdx.x) % warp_size;
    const int64_t head_dim = shape.heads.head_dim;
    const int64_t row = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / warp_size;
    if (row >= shape.heads.batch * shape.heads.heads * role.tokens) return;
    const int64_t head = row / role.tokens, token = row % role.tokens, sample = head / shape.heads.heads;
    if (token >= role.real(shape, sample) || !is_sorted(shape, sample)) return;
    const float* const components = head_rows(role.rows, sample, head % shape.heads.heads).at(token);
    float sum = 0;
    for (int64_t c = lane; c < head_dim; c += warp_size) {
        const float x = role.at(components, head, head_dim, c);
        sum += x * x;
    }
    sum = warp_reduce(sum, Sum{});
    if (lane == 0) role.norm[row] = sum;
}

/// longest[batch, heads] = the greatest squared length of a query plus the greatest distance of a key from the centre
/// that are numbers.
__global__ void __launch_bounds__(block_threads)
    longest_kernel(SmyrfShape shape, Role queries, Role keys, float* longest) {
    const int64_t head = blockIdx.x, sample = head / shape.heads.heads;
    if (!is_sorted(shape, sample)) return;
    float sum = 0;
    for (const Role* role : {&queries, &keys}) {
        const int64_t real = role->real(shape, sample);
        float greatest = 0;
        for (int64_t i = threadIdx.x; i < real; i += block_threads) {
            greatest = fmaxf(greatest, role->norm[head * role->tokens + i]);
        }
        sum += block_reduce(greatest, MaxNumber{});
    }
    if (threadIdx.x == 0) longest[head] = sum;
}

/// to[batch, heads, rounds, tokens] = what the tokens are sorted by; a warp computes all rounds of one.
__global__ void __launch_bounds__(block_threads)
    token_hashes_kernel(SmyrfShape shape, Role role, const float* directions, const float* longest, SortKey* to) {
    const int lane = static_cast<int>(threadIdx.x) % warp_size;
    const int64_t head_dim = shape.heads.head_dim, heads = shape.heads.heads;
    const int64_t row = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / warp_size;
    if (row >= shape.heads.batch * heads * role.tokens) return;
    const int64_t head = row / role.tokens, token = row % role.tokens, sample = head / heads;
    const float* const components = head_rows(role.rows, sample, head % heads).at(token);
    const bool real = token < role.real(shape, sample), sorted = is_sorted(shape, sample);
    for (int64_t round = 0; round < shape.rounds; ++round) {
        uint32_t by = real ? 0 : behind_all;
        if (real && sorted) {
            const float* const direction = directions + (round * heads + head % heads) * (head_dim + 2);
            float product = 0;
            for (int64_t c = lane; c < head_dim; c += warp_size) {
                product += role.at(components, head, head_dim, c) * direction[c];
            }
            product = warp_reduce(product, Sum{});
            // The added component that makes all queries, and all keys, equally long: the last one, and the one before.
            const float added = direction[role.keys ? head_dim : head_dim + 1];
            by = sortable(product + added * sqrtf(longest[head] - role.norm[row]));
        }
        if (lane == 0) to[(head * shape.rounds + round) * role.tokens + token] = sort_key(by, token);
    }
}

/// Blocks of block_threads threads for one warp an item.
unsigned blocks_of_warps(int64_t items) {
    return static_cast<unsigned>((items * warp_size + block_threads - 1) / block_threads);
}

/// The parts of the workspace.
struct SortMemory {
    SortKey* keys[2];
    float *norm[2], *centre, *longest;
    int64_t floats;  ///< all of it

    SortMemory(const SmyrfShape& shape, float* memory) {
        const int64_t heads = shape.heads.batch * shape.heads.heads;
        float* next = memory;
        const auto take = [&](int64_t count) {
            float* const part = next;
            if (memory) next += count;
            floats += count;
            return part;
        };
        floats = 0;
        for (SortKey*& part : keys) {
            part = reinterpret_cast<SortKey*>(
                take(2 * heads * shape.rounds * std::max(shape.heads.queries, shape.heads.keys)));
        }
        norm[0] = take(heads * shape.heads.queries);
        norm[1] = take(heads * shape.heads.keys);
        centre = take(heads * shape.heads.head_dim);
        longest = take(heads);
    }
};

}  // namespace

void smyrf_sort(const SmyrfSort& args) {
    const SmyrfShape& shape = args.shape;
    const int64_t heads = shape.heads.batch * shape.heads.heads;
    const SortMemory memory(shape, args.workspace);
    const Role roles[2] = {{args.query, shape.heads.queries, false, nullptr, memory.norm[0]},
                           {args.key, shape.heads.keys, true, memory.centre, memory.norm[1]}};
    launch("centre of the keys",
           {dim3(static_cast<unsigned>(heads), blocks_for(shape.heads.head_dim, centre_columns)),
            dim3(centre_columns, centre_rows)},
           centre_of_keys_kernel, args, memory.centre);
    for (const Role& role : roles) {
        launch("distances", {blocks_of_warps(heads * role.tokens), block_threads}, distances_kernel, shape, role);
    }
    launch("longest tokens", {static_cast<unsigned>(heads), block_threads}, longest_kernel, shape, roles[0], roles[1],
           memory.longest);
    for (const Role& role : roles) {
        launch("hashes", {blocks_of_warps(heads * role.tokens), block_threads}, token_hashes_kernel, shape, role,
               args.directions, memory.longest, memory.keys[0]);
        const SortKey* const sorted = sort_lists(memory.keys[0], memory.keys[1], heads * shape.rounds, role.tokens);
        int32_t* const order = role.keys ? args.key_order : args.query_order;
        for_each("orders", heads * shape.rounds * role.tokens,
                 [=] __device__(int64_t i) { order[i] = sorted_index(sorted[i]); });
    }
}

int64_t smyrf_sort_workspace(const SmyrfShape& shape) {
    return SortMemory(shape, nullptr).floats;
}

}  // namespace heed::cuda
