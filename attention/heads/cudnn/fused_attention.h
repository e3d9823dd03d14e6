#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace heed::cuda {

/// What a plan of cuDNN is made for.
struct FusedShape {
    int64_t batch;
    int64_t heads;
    int64_t queries;
    int64_t keys;
    int64_t head_dim;
    float scale;
    bool causal;       ///< query t uses keys <= t; queries == keys
    bool has_lengths;  ///< samples have numbers of queries and keys of their own
    /// Elements from a token to the next one; 0: those of its heads.
    int64_t query_stride = 0;
    int64_t key_stride = 0;
    int64_t value_stride = 0;

    auto operator<=>(const FusedShape&) const = default;
};

/// Memory of the card, at multiples of 16 bytes. In bf16: query, output and their gradients [batch, queries, heads,
/// head_dim]; key, value and their gradients [batch, keys, heads, head_dim]; contiguous but for the strides of the
/// shape, which the gradients of query, key and value have too.
struct FusedTensors {
    void *query, *key, *value, *output;
    void *d_output, *d_query, *d_key, *d_value;  ///< of backward alone
    float* log_sum_exp;                          ///< [batch, heads, queries]
    int32_t *query_lengths, *key_lengths;        ///< [batch], of shapes that have them, 1 or more
    void* workspace;                             ///< FusedAttention::workspace_bytes(), 256-byte aligned
};

/// Scaled dot-product attention and its gradients, each one kernel of cuDNN's (for backward: few).
class FusedAttention {
public:
    virtual ~FusedAttention() = default;
    /// To be asked before a pass, as it may build what the passes need.
    virtual size_t workspace_bytes() const = 0;
    /// Writes output and log_sum_exp.
    virtual void forward(const FusedTensors& tensors) const = 0;
    /// Writes d_query, d_key and d_value: the same bits in every run.
    virtual void backward(const FusedTensors& tensors) const = 0;
};

/// The plans for `shape`, which are kept; null where cuDNN is missing, switched off (HEED_CUDNN=off) or refuses the
/// shape. Throws UserError for another value of HEED_CUDNN than on, off and nothing. Null where its file is not linked:
/// in a build without cudnn_frontend.h, and in the emulation of the tests.
[[gnu::weak]] const FusedAttention* fused_attention(const FusedShape& shape);

}  // namespace heed::cuda
