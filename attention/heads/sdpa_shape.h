#pragma once

#include <cstdint>

#include "heed/core/device/precision.h"
#include "heed/core/random/random_stream.h"

// Included by kernels that are compiled once per instruction set: functions here must always be inlined. Constant
// expressions, so that CUDA kernels may call them.

namespace heed {

/// Most components that a head may have.
inline constexpr int64_t largest_head_dim = 512;

/// What is computed: W = softmax(scale * Q K^T + mask) for every sample and head.
struct SdpaShape {
    int64_t batch;
    int64_t heads;
    int64_t queries;
    int64_t keys;
    int64_t head_dim;  ///< 1 .. largest_head_dim
    float scale;
    /// Query t uses keys <= t + (keys - queries): the last query is aligned with the last key.
    bool causal = false;
    /// Where not -1, most keys before and behind its own place that a query sees; a query has the place of the key of
    /// its number, and there are as many of both.
    int64_t before = -1;
    int64_t after = -1;
    /// [batch] or null: sample b has key_lengths[b] keys, 0 .. keys; what stands behind them has no influence at all.
    const int32_t* key_lengths = nullptr;
    /// Probability, 0 <= dropout < 1, with which a weight is set to 0; the others are divided by 1 - dropout.
    float dropout = 0;
    /// The weight of head h, query i and key j has the random word of element sdpa_dropout_element(...) of its sample.
    RandomStream random = {};
    /// bf16: queries, keys, values and the output's gradient may be rounded to it where the device is faster so; sums
    /// and the softmax are f32.
    Precision precision = Precision::f32;
};

/// Whether queries see no key behind some place, or before one.
[[gnu::always_inline]] constexpr bool hides_future(const SdpaShape& shape) {
    return shape.causal || shape.after >= 0;
}
[[gnu::always_inline]] constexpr bool hides_past(const SdpaShape& shape) {
    return shape.before >= 0;
}

/// The last key that a query sees, as far as there are keys, where the future is hidden.
[[gnu::always_inline]] constexpr int64_t last_key_of(const SdpaShape& shape, int64_t query) {
    return query + (shape.causal ? shape.keys - shape.queries : shape.after);
}

/// The first key that a query sees: 0 where the past is not hidden.
[[gnu::always_inline]] constexpr int64_t first_key_of(const SdpaShape& shape, int64_t query) {
    return hides_past(shape) && query > shape.before ? query - shape.before : 0;
}

/// Position of a weight among the random numbers of a sample. Neighbouring queries of one key are neighbours, and every
/// key starts at a multiple of 64, as the vectorised generator wants it.
[[gnu::always_inline]] constexpr int64_t sdpa_dropout_element(const SdpaShape& shape, int64_t head, int64_t query,
                                                              int64_t key) {
    return (head * shape.keys + key) * ((shape.queries + 63) / 64 * 64) + query;
}

}  // namespace heed
