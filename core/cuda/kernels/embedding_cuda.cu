#include "heed/core/cuda/for_each.cuh"
#include "heed/core/cuda/reduce.cuh"
#include "heed/core/cuda/shared_memory.cuh"
#include "heed/core/kernels/embedding_kernels.h"

namespace heed {

namespace {

void embedding_forward(const EmbeddingForward& a) {
    cuda::for_each_in_rows("embedding", a.count, a.dim, [a] __device__(int64_t row, int64_t column) {
        a.out[row * a.dim + column] = a.table[int64_t{a.ids[row]} * a.dim + column] * a.scale;
    });
}

// Backward without atomic additions. The places of ids are sorted by id, equal ones in their order, by counting: in
// chunks of places, each of which counts what is equal within it; then every row of the table adds up its places.

constexpr int chunk = 512;  ///< places of a block that counts

/// The parts of the workspace.
struct EmbeddingWorkspace {
    int32_t* before;  ///< [chunks, vocabulary]: how often an id stands in the chunk, then how often before the chunk
    int32_t* starts;  ///< [vocabulary + 1]: how many places have a lower id
    int32_t* ranks;   ///< [count]: how often the id stands before this place in the same chunk
    int32_t* sorted;  ///< [count]: places, sorted by id
};

int64_t chunks_of(int64_t count) {
    return (count + chunk - 1) / chunk;
}

EmbeddingWorkspace embedding_workspace(const EmbeddingBackward& a) {
    EmbeddingWorkspace w{};
    w.before = a.workspace;
    w.starts = w.before + chunks_of(a.count) * a.vocabulary;
    w.ranks = w.starts + a.vocabulary + 1;
    w.sorted = w.ranks + a.count;
    return w;
}

int64_t embedding_backward_workspace(int64_t count, int64_t vocabulary) {
    return chunks_of(count) * vocabulary + vocabulary + 1 + 2 * count;
}

/// Ranks within the chunk of this block; the last place of an id writes how many there are.
__global__ void __launch_bounds__(chunk) rank_in_chunk_kernel(EmbeddingBackward a, EmbeddingWorkspace w) {
    HEED_SHARED(int32_t, ids, chunk);
    const int64_t first = int64_t{blockIdx.x} * chunk, place = first + threadIdx.x;
    const int size = static_cast<int>(min(int64_t{chunk}, a.count - first)), self = static_cast<int>(threadIdx.x);
    if (self < size) ids[self] = a.ids[place];
    __syncthreads();
    if (self >= size) return;
    const int32_t id = ids[self];
    int32_t rank = 0;
    for (int i = 0; i < self; ++i) rank += ids[i] == id;
    bool last = true;
    for (int i = self + 1; i < size && last; ++i) last = ids[i] != id;
    w.ranks[place] = rank;
    if (last) w.before[blockIdx.x * a.vocabulary + id] = rank + 1;
}

/// starts[i] = sum of counts[0 .. i) for i <= n, by one block; counts is starts + 1, and is overwritten.
__global__ void __launch_bounds__(chunk) running_sums_kernel(int32_t* starts, int64_t n) {
    HEED_SHARED(int32_t, sums, chunk);
    int32_t carried = 0;
    if (threadIdx.x == 0) starts[0] = 0;
    for (int64_t first = 0; first < n; first += chunk) {
        const int64_t i = first + threadIdx.x;
        sums[threadIdx.x] = i < n ? starts[i + 1] : 0;
        __syncthreads();
        for (unsigned distance = 1; distance < chunk; distance *= 2) {
            const int32_t other = threadIdx.x >= distance ? sums[threadIdx.x - distance] : 0;
            __syncthreads();
            sums[threadIdx.x] += other;
            __syncthreads();
        }
        if (i < n) starts[i + 1] = carried + sums[threadIdx.x];
        carried += sums[chunk - 1];
        __syncthreads();
    }
}

constexpr int row_lanes = 32, row_parts = 8;

/// Adds up the places of one id a block: part p takes every row_parts-th of them, then the parts are added.
__global__ void __launch_bounds__(row_lanes* row_parts) sum_places_kernel(EmbeddingBackward a, EmbeddingWorkspace w) {
    HEED_SHARED(float, of_parts, row_parts* row_lanes);
    const int lane = static_cast<int>(threadIdx.x), part = static_cast<int>(threadIdx.y);
    for (int64_t id = blockIdx.x; id < a.vocabulary; id += gridDim.x) {
        const int32_t begin = w.starts[id], end = w.starts[id + 1];
        if (begin == end && a.accumulate) continue;
        for (int64_t first = 0; first < a.dim; first += row_lanes) {
            const int64_t column = first + lane;
            float sum = 0;
            if (column < a.dim) {
                for (int32_t i = begin + part; i < end; i += row_parts) {
                    sum += a.dout[int64_t{w.sorted[i]} * a.dim + column] * a.scale;
                }
            }
            of_parts[part * row_lanes + lane] = sum;
            __syncthreads();
            if (part == 0 && column < a.dim) {
                for (int i = 1; i < row_parts; ++i) sum += of_parts[i * row_lanes + lane];
                float& gradient = a.dtable[id * a.dim + column];
                gradient = a.accumulate ? gradient + sum : sum;
            }
            __syncthreads();
        }
    }
}

void embedding_backward(const EmbeddingBackward& a) {
    const EmbeddingWorkspace w = embedding_workspace(a);
    const int64_t chunks = chunks_of(a.count), vocabulary = a.vocabulary;
    const int32_t* const ids = a.ids;
    cuda::for_each("embedding backward, zeros", chunks * vocabulary, [=] __device__(int64_t i) { w.before[i] = 0; });
    cuda::launch("embedding backward, ranks", {static_cast<unsigned>(chunks), chunk}, rank_in_chunk_kernel, a, w);
    cuda::for_each("embedding backward, counts", vocabulary, [=] __device__(int64_t id) {
        int32_t before = 0;
        for (int64_t c = 0; c < chunks; ++c) {
            int32_t& of_chunk = w.before[c * vocabulary + id];
            const int32_t here = of_chunk;
            of_chunk = before;
            before += here;
        }
        w.starts[id + 1] = before;
    });
    cuda::launch("embedding backward, running sums", {1, chunk}, running_sums_kernel, w.starts, vocabulary);
    cuda::for_each("embedding backward, sorting", a.count, [=] __device__(int64_t place) {
        const int32_t id = ids[place];
        const int32_t to = w.starts[id] + w.before[place / chunk * vocabulary + id] + w.ranks[place];
        w.sorted[to] = static_cast<int32_t>(place);
    });
    cuda::launch("embedding backward, sums", {cuda::blocks_for(vocabulary, 1), dim3(row_lanes, row_parts)},
                 sum_places_kernel, a, w);
}

constexpr EmbeddingKernels embedding_cuda_kernels = {embedding_forward, embedding_backward,
                                                     embedding_backward_workspace};

}  // namespace

const EmbeddingKernels& embedding_cuda() {
    return embedding_cuda_kernels;
}

}  // namespace heed
