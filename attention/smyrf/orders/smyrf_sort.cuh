#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace heed::cuda {

/// A token to sort: what it is sorted by, as a number, over its index, so that no two are alike.
using SortKey = uint64_t;

inline constexpr uint32_t behind_all = 0xFFFFFFFFU;

__device__ inline SortKey sort_key(uint32_t by, int64_t index) {
    return static_cast<SortKey>(by) << 32 | static_cast<uint32_t>(index);
}
__device__ inline int32_t sorted_index(SortKey key) {
    return static_cast<int32_t>(key & 0xFFFFFFFFU);
}

/// A number that sorts as `hash` does, with NaN behind all numbers and both zeros alike.
__device__ inline uint32_t sortable(float hash) {
    if (hash != hash) return behind_all;
    const uint32_t bits = __float_as_uint(hash == 0 ? 0.0F : hash);
    return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

/// Sorts `lists` lists of `length` keys each, which stand in `keys`; returns that of the two buffers in which they then
/// are.
SortKey* sort_lists(SortKey* keys, SortKey* other, int64_t lists, int64_t length);

}  // namespace heed::cuda
