#pragma once

#include <string>
#include <utility>
#include <vector>

#include "heed/attention/registry.h"
#include "heed/attention/scaled_dot_product.h"
#include "heed/core/module/linear.h"

namespace heed {

/// Attention whose heads are softmax attention over projected or plain slices of the input, in all four patterns: the
/// shared body of the types that differ only in which of query, key and value have a kernel, and in what stands in for
/// a value kernel. Kernels that read the same input are rows of one packed parameter, so that they are one product:
/// query, key and value in self-attention, key and value in cross-attention.
class MultiHeadAttention : public Attention {
public:
    struct Kernels {
        bool key = true;
        bool value = true;
    };

    MultiHeadAttention(const AttentionGeometry& geometry, const AttentionOptions& options, Kernels kernels);

    Variable forward(const AttentionInput& input, const ForwardState& state) override;
    Tensor weights(const AttentionInput& input) override;
    int64_t multiplies(int64_t tokens, int64_t keys) const override;

protected:
    /// The values where there is no value kernel, [batch, keys, dim]: the source itself.
    virtual Variable values(const Variable& source, const AttentionMask& mask);

    /// The outputs of the heads side by side, [batch, tokens, dim], and their weights without dropout.
    virtual Variable attend(const ScaledDotProduct& heads, const AttentionMask& mask, const ForwardState& state);
    virtual Tensor attend_weights(const ScaledDotProduct& heads, const AttentionMask& mask);

    /// Query, key and value of the heads, without dropout.
    ScaledDotProduct heads_of(const AttentionInput& input);
    /// Multiply-adds of the projections of `tokens` queries and `keys` keys.
    int64_t projection_multiplies(int64_t tokens, int64_t keys) const;

private:
    /// Kernels that read one input, as rows of one parameter. Their biases are there where the layer has biases.
    struct Projection {
        Parameter weight, bias;
        Projection(int64_t kernels, int64_t dim);
    };
    void announce(Projection& projection, const std::vector<std::string>& names);
    Variable project(Projection& projection, const Variable& x);

    int64_t source_kernels() const { return (kernels_.key ? 1 : 0) + (kernels_.value ? 1 : 0); }
    bool cross() const { return is_cross(geometry().pattern); }

    Kernels kernels_;
    bool has_bias_;
    float dropout_;
    Projection query_;   ///< in self-attention also of key and value
    Projection source_;  ///< of key and value in cross-attention
    Linear output_;
};

}  // namespace heed
