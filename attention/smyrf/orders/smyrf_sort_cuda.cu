#include "heed/attention/smyrf/orders/smyrf_sort.cuh"

#include <algorithm>

#include "heed/core/cuda/for_each.cuh"
#include "heed/core/cuda/launch.cuh"
#include "heed/core/cuda/reduce.cuh"
#include "heed/core/cuda/shared_memory.cuh"

namespace heed::cuda {

namespace {

constexpr int64_t longest_run = 1024;  // keys that a block sorts in shared memory

/// Sorts runs of up to `padded` keys, a power of two, each in one block: a bitonic sort (Batcher: Sorting networks and
/// their applications. 1968).
__global__ void sort_runs_kernel(SortKey* keys, int64_t length, int padded) {
    HEED_SHARED(SortKey, run, longest_run);
    const int64_t runs = (length + padded - 1) / padded;
    const int64_t first = blockIdx.x % runs * padded;
    SortKey* const in_memory = keys + blockIdx.x / runs * length + first;
    const int count = static_cast<int>(length - first < padded ? length - first : padded);
    const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
    for (int i = thread; i < padded; i += threads) run[i] = i < count ? in_memory[i] : ~SortKey{0};
    for (int size = 2; size <= padded; size *= 2) {
        for (int distance = size / 2; distance > 0; distance /= 2) {
            __syncthreads();
            for (int pair = thread; pair < padded / 2; pair += threads) {
                const int low = 2 * pair - (pair & (distance - 1)), high = low + distance;
                const bool ascending = (low & size) == 0;
                const SortKey a = run[low], b = run[high];
                if ((a > b) == ascending) {
                    run[low] = b;
                    run[high] = a;
                }
            }
        }
    }
    __syncthreads();
    for (int i = thread; i < count; i += threads) in_memory[i] = run[i];
}

/// Merges neighbouring sorted runs of `width` keys: a key's place is its place in its own run plus the number of
/// smaller keys in the other.
void merge_runs(const SortKey* from, SortKey* to, int64_t lists, int64_t length, int64_t width) {
    for_each("merging of sorted runs", lists * length, [=] __device__(int64_t i) {
        const int64_t place = i % length, run = place / width;
        const SortKey* const list = from + (i - place);
        const SortKey key = list[place];
        const int64_t other = (run ^ 1) * width;
        const int64_t end = other + width < length ? other + width : length;
        int64_t low = other, high = end > other ? end : other;
        while (low < high) {
            const int64_t middle = (low + high) / 2;
            if (list[middle] < key) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        to[i - place + run / 2 * 2 * width + (place - run * width) + (low - other)] = key;
    });
}

}  // namespace

SortKey* sort_lists(SortKey* keys, SortKey* other, int64_t lists, int64_t length) {
    if (lists == 0 || length == 0) return keys;
    int64_t padded = 2;
    while (padded < std::min(length, longest_run)) padded *= 2;
    const auto threads = static_cast<unsigned>(std::clamp<int64_t>(padded / 2, warp_size, block_threads));
    launch("sorting", {static_cast<unsigned>(lists * ((length + padded - 1) / padded)), threads}, sort_runs_kernel,
           keys, length, static_cast<int>(padded));
    for (int64_t width = padded; width < length; width *= 2) {
        merge_runs(keys, other, lists, length, width);
        std::swap(keys, other);
    }
    return keys;
}

}  // namespace heed::cuda
