#pragma once

// The two matrix products of attention: scores from rows, and sums of rows weighted by scores. A block owns a tile of
// rows (queries, or keys where their gradients are computed) and meets the others tile by tile.

#include "heed/attention/tiles/token_tile.cuh"
#include "heed/core/cuda/shared_memory.cuh"

namespace heed::cuda {

inline constexpr int other_rows = 64;                    ///< of a tile of others
inline constexpr int other_columns = other_rows / side;  ///< that a thread computes
inline constexpr int slice_width = 32;                   ///< components that a product reads at a time
inline constexpr int slice_stride = slice_width + 4;     ///< rows of 16 bytes more: no two threads meet in a bank
inline constexpr int weight_stride = other_rows + 4;     ///< of a tile of weights in shared memory
inline constexpr int slice_floats = other_rows * slice_stride;
inline constexpr size_t most_shared_bytes = size_t{64} << 10;  ///< what every card since architecture 75 has

/// How heads of up to `padded_dim` components are computed with `rows` own rows a block. Own rows of usual heads stay
/// in shared memory; of large ones slices are read again for every tile.
template <int padded_dim, int rows>
struct TilePlan {
    static constexpr int dim = padded_dim;
    static constexpr int own_rows = rows;
    static constexpr bool resident = padded_dim <= 128;
    static constexpr int own_stride = resident ? padded_dim + 4 : slice_stride;
    static constexpr int own_floats = rows * own_stride;
    static constexpr int weight_floats = rows * weight_stride;
    static constexpr int thread_rows = rows / side;
    static constexpr int thread_columns = padded_dim / side;
};

/// Reads 4 floats at once.
__device__ inline void read_four(const float* from, float (&to)[4]) {
    const float4 four = *reinterpret_cast<const float4*>(from);
    to[0] = four.x;
    to[1] = four.y;
    to[2] = four.z;
    to[3] = four.w;
}

/// Puts own rows into shared memory where they stay there.
template <class Plan>
__device__ void load_own(const TokenTile& own, float* own_memory) {
    if constexpr (Plan::resident) {
        load_tile<Plan::own_rows, Plan::dim>(own, 0, own_memory, Plan::own_stride);
    }
}

/// scores[i][j] = the product of own row y + side * i and other row x + side * j. Barriers for the block.
template <class Plan>
__device__ void dot_products(const TokenTile& own, float* own_memory, const TokenTile& others, float* slice,
                             float (&scores)[Plan::thread_rows][other_columns]) {
    HEED_UNROLL
    for (int i = 0; i < Plan::thread_rows; ++i) {
        HEED_UNROLL
        for (int j = 0; j < other_columns; ++j) scores[i][j] = 0;
    }
    for (int first = 0; first < others.head_dim; first += slice_width) {
        __syncthreads();  // what was in the memory may still be read
        load_tile<other_rows, slice_width>(others, first, slice, slice_stride);
        if constexpr (!Plan::resident) {
            load_tile<Plan::own_rows, slice_width>(own, first, own_memory, slice_stride);
        }
        __syncthreads();
        const float* const own_rows = own_memory + (Plan::resident ? first : 0) + thread_y() * Plan::own_stride;
        const float* const rows = slice + thread_x() * slice_stride;
        for (int c = 0; c < slice_width; c += 4) {
            float a[Plan::thread_rows][4];
            HEED_UNROLL
            for (int i = 0; i < Plan::thread_rows; ++i) read_four(own_rows + i * side * Plan::own_stride + c, a[i]);
            HEED_UNROLL
            for (int j = 0; j < other_columns; ++j) {
                float b[4];
                read_four(rows + j * side * slice_stride + c, b);
                HEED_UNROLL
                for (int i = 0; i < Plan::thread_rows; ++i) {
                    HEED_UNROLL
                    for (int k = 0; k < 4; ++k) scores[i][j] += a[i][k] * b[k];
                }
            }
        }
    }
}

/// The rows of tokens first .. end - 1 of a list that a block owns, in registers and in memory.
template <class Plan>
struct OwnTokens {
    TokenNumbers tokens;
    int64_t first;
    int64_t end;
    int head_dim;

    /// Calls body(i, number of the token) for those of the thread's rows that are there.
    template <class Body>
    __device__ void for_each_row(const Body& body) const {
        HEED_UNROLL
        for (int i = 0; i < Plan::thread_rows; ++i) {
            const int64_t place = first + thread_y() + i * side;
            if (place < end) body(i, tokens[place]);
        }
    }
    __device__ void load(const HeadRows<float>& from, float (&rows)[Plan::thread_rows][Plan::thread_columns]) const {
        for_each_row([&](int i, int64_t token) {
            HEED_UNROLL
            for (int j = 0; j < Plan::thread_columns; ++j) {
                const int component = thread_x() + j * side;
                if (component < head_dim) rows[i][j] = from.at(token)[component];
            }
        });
    }
    __device__ void store(const float (&rows)[Plan::thread_rows][Plan::thread_columns],
                          const HeadRows<float>& to) const {
        for_each_row([&](int i, int64_t token) {
            HEED_UNROLL
            for (int j = 0; j < Plan::thread_columns; ++j) {
                const int component = thread_x() + j * side;
                if (component < head_dim) to.at(token)[component] = rows[i][j];
            }
        });
    }
    /// The same for one number a token.
    __device__ void load(const float* from, float (&values)[Plan::thread_rows]) const {
        for_each_row([&](int i, int64_t token) { values[i] = from[token]; });
    }
    __device__ void store(const float (&values)[Plan::thread_rows], float* to) const {
        for_each_row([&](int i, int64_t token) {
            if (thread_x() == 0) to[token] = values[i];
        });
    }
};

/// Which keys a query of a list meets, by their places.
struct PairBand {
    static constexpr int64_t everything = int64_t{1} << 60;
    int64_t reach = everything;     ///< query i meets no key before i - reach
    int64_t diagonal = everything;  ///< and none behind i + diagonal

    /// The first key that a query from `first` on meets, as far as there are keys.
    __device__ int64_t first_key(int64_t first) const { return first > reach ? first - reach : 0; }
    /// Behind the last key that a query before `end` meets, of `keys`.
    __device__ int64_t end_of_keys(int64_t end, int64_t keys) const {
        const int64_t visible = diagonal + end;
        return visible < 0 ? 0 : visible < keys ? visible : keys;
    }
    /// The first query that meets a key from `first` on, as far as there are queries.
    __device__ int64_t first_query(int64_t first) const { return first > diagonal ? first - diagonal : 0; }
    /// Behind the last query that meets a key before `end`, of `queries`.
    __device__ int64_t end_of_queries(int64_t end, int64_t queries) const {
        return reach + end < queries ? reach + end : queries;
    }
};

/// Which pairs of a tile meet: all, or own row i and other row j with first <= sign * (j - i) <= last.
struct PairMask {
    bool any;
    int sign;
    int first;
    int last;

    __device__ bool visible(int own, int other) const {
        const int distance = sign * (other - own);
        return !any || (first <= distance && distance <= last);
    }
};

/// Queries first_query .. and keys first_key .. of lists.
__device__ inline PairMask pair_mask(const PairBand& band, int64_t first_query, int64_t first_key, int keys,
                                     bool own_are_queries) {
    constexpr int64_t most = other_rows;  // no two rows of a tile are as far from each other
    const auto clamped = [](int64_t place) {
        return static_cast<int>(place < -most ? -most : place > most ? most : place);
    };
    // The keys that the first query meets.
    const int64_t first = first_query - first_key - band.reach, last = first_query - first_key + band.diagonal;
    return {last < keys - 1 || first > -most, own_are_queries ? 1 : -1, clamped(first), clamped(last)};
}

namespace detail {

template <class Plan, int depth, bool masked>
__device__ void add_weighted_slice(const float* weights, const float* slice, int first, const PairMask& mask,
                                   int head_dim, float (&sums)[Plan::thread_rows][Plan::thread_columns]) {
    for (int k = 0; k < depth; k += 4) {
        float w[Plan::thread_rows][4];
        HEED_UNROLL
        for (int i = 0; i < Plan::thread_rows; ++i) {
            read_four(weights + (thread_y() + i * side) * weight_stride + first + k, w[i]);
        }
        HEED_UNROLL
        for (int j = 0; j < Plan::thread_columns; ++j) {
            if (j * side >= head_dim) continue;
            HEED_UNROLL
            for (int r = 0; r < 4; ++r) {
                const float value = slice[(k + r) * Plan::dim + thread_x() + j * side];
                HEED_UNROLL
                for (int i = 0; i < Plan::thread_rows; ++i) {
                    // What is not finite has no influence on what does not meet it: no product with a weight of 0.
                    if (!masked || mask.visible(thread_y() + i * side, first + k + r)) sums[i][j] += w[i][r] * value;
                }
            }
        }
    }
}

}  // namespace detail

/// sums[i][j] += the sum over the others of weights[own row, other] * component x + side * j of the other's row.
/// Barriers for the block.
template <class Plan>
__device__ void add_weighted_rows(const float* weights, const TokenTile& others, const PairMask& mask, float* slice,
                                  float (&sums)[Plan::thread_rows][Plan::thread_columns]) {
    constexpr int depth = other_rows * slice_width / Plan::dim;
    for (int first = 0; first < others.count; first += depth) {
        __syncthreads();  // what was in the memory may still be read; the weights are written
        load_tile<depth, Plan::dim>(others.from(first), 0, slice, Plan::dim);
        __syncthreads();
        if (mask.any) {
            detail::add_weighted_slice<Plan, depth, true>(weights, slice, first, mask, others.head_dim, sums);
        } else {
            detail::add_weighted_slice<Plan, depth, false>(weights, slice, first, mask, others.head_dim, sums);
        }
    }
}

}  // namespace heed::cuda
