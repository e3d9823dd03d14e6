#pragma once

#include <cstdint>

#include "heed/attention/heads/head_view.h"
#include "heed/core/kernels/kernel_table.h"

// The kernels of the attention types whose work is linear in the tokens.

namespace heed {

/// Most features of a head.
inline constexpr int64_t largest_features = 1024;

/// Attention with the kernel k(q, k) = sum over features c of phi_c(q) psi_c(k), for every sample and head.
struct FeatureShape {
    int64_t batch;
    int64_t heads;
    int64_t queries;
    int64_t keys;
    int64_t features;  ///< 1 .. largest_features
    int64_t head_dim;
    /// Features are given by their logarithms. Else they are numbers that are not negative.
    bool logarithmic;
    /// Query t uses keys <= t; there are as many queries as keys.
    bool causal;
    /// Where features are plain numbers, the least that an output is divided by.
    float floor;
    /// [batch] or null: sample b has key_lengths[b] keys, 0 .. keys; what stands behind them has no influence at all.
    const int32_t* key_lengths;
};

/// Output i = sum_j k(q_i, k_j) v_j / sum_j k(q_i, k_j). A query without any key gives zeros. NaN in what a query uses
/// gives NaN.
struct FeatureForward {
    FeatureShape shape;
    const float* query;   ///< [batch, queries, heads, features]
    const float* key;     ///< [batch, keys, heads, features]
    ConstHeadView value;  ///< [batch, keys, heads, head_dim]
    HeadView output;      ///< [batch, queries, heads, head_dim]
    /// [batch, heads, queries]: sum_j k(q_i, k_j) before it is held against the floor; its logarithm where features
    /// are.
    float* normaliser;
    /// [batch, state_floats]: what queries have to know of the keys so far, at the end that of all keys.
    float* state;
    /// The state holds earlier keys, which all queries use as well.
    bool continued;
};

/// Gradients of forward without earlier keys. Those of features are overwritten, those of values are added to what
/// stands there. Keys behind the length and queries without a key get zeros.
struct FeatureBackward {
    FeatureShape shape;
    const float* query;
    const float* key;
    ConstHeadView value;
    ConstHeadView output;     ///< of forward
    const float* normaliser;  ///< of forward
    ConstHeadView d_output;
    float* d_query;    ///< [batch, queries, heads, features]
    float* d_key;      ///< [batch, keys, heads, features]
    HeadView d_value;  ///< [batch, keys, heads, head_dim]
    float* workspace;  ///< FeatureKernels::workspace(shape) floats
};

/// The shares k(q_i, k_j) / sum_j k(q_i, k_j) themselves, for looking at them.
struct FeatureWeights {
    FeatureShape shape;
    const float* query;
    const float* key;
    const float* normaliser;  ///< of forward
    float* weights;           ///< [batch, heads, queries, keys]; 0 where a key is masked
};

/// y -= factor |x|^2 for each head of each token, from all features alike, and dx -= 2 factor sum(dy) x. A sum of 0
/// keeps x out, also where it is not finite.
struct FeatureNorms {
    int64_t batch, tokens, heads, features, head_dim;
    float factor;
    ConstHeadView x;
    float* y;         ///< [batch, tokens, heads, features]
    const float* dy;  ///< the same
    HeadView dx;
};

/// y = [max(x, 0) sin(pi i / 2 M), max(x, 0) cos(pi i / 2 M)] for each head of token i = 1, 2, ..., with M the number
/// of real tokens of the sample here or in the other sequence, whichever is greater; NaN stays NaN.
/// Backward adds to dx.
struct CosineFeatures {
    int64_t batch, tokens, other_tokens, heads, head_dim;
    const int32_t* lengths;        ///< [batch] or null: all tokens are real
    const int32_t* other_lengths;  ///< the same of the other sequence
    ConstHeadView x;
    float* y;         ///< [batch, tokens, heads, 2 head_dim]
    const float* dy;  ///< the same
    HeadView dx;
};

/// y = mean of x over each segment of the real tokens of a sample; of n tokens segment c is floor(c n / segments) ..
/// ceil((c + 1) n / segments) - 1. Without tokens 0. Backward adds to dx.
struct Segments {
    int64_t batch, tokens, heads, segments, head_dim;
    const int32_t* lengths;  ///< [batch] or null: all tokens are real
    ConstHeadView x;
    float* y;         ///< [batch, heads, segments, head_dim]
    const float* dy;  ///< the same
    HeadView dx;

    /// The first token of segment `number` of n tokens, and the one behind its last.
    [[gnu::always_inline]] constexpr int64_t begin(int64_t number, int64_t n) const { return number * n / segments; }
    [[gnu::always_inline]] constexpr int64_t end(int64_t number, int64_t n) const {
        return ((number + 1) * n + segments - 1) / segments;
    }
};

/// The results have the same bits for any number of threads.
struct FeatureKernels {
    void (*forward)(const FeatureForward&);
    void (*backward)(const FeatureBackward&);
    void (*weights)(const FeatureWeights&);
    void (*subtract_norms)(const FeatureNorms&);
    void (*norm_gradients)(const FeatureNorms&);
    void (*cosine)(const CosineFeatures&);
    void (*cosine_backward)(const CosineFeatures&);
    void (*segment_means)(const Segments&);
    void (*segment_means_backward)(const Segments&);
    /// Floats that the state of a sample takes, whatever the number of tokens.
    int64_t (*state_floats)(const FeatureShape& shape);
    /// Floats of scratch memory of backward, whatever the number of tokens.
    int64_t (*workspace)(const FeatureShape& shape);
};

HEED_KERNELS(FeatureKernels, feature);

}  // namespace heed
