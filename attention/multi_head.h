#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "heed/attention/registry.h"
#include "heed/attention/scaled_dot_product.h"
#include "heed/core/module/linear.h"

namespace heed {

/// Self-attention whose heads are softmax attention over projected or plain slices of the input: the shared body of the
/// types that differ only in which of query, key and value have a kernel. The kernels that exist are rows of one packed
/// parameter, so that they are one product; their names are query, key and value.
class MultiHeadAttention : public Attention {
public:
    struct Kernels {
        bool key = true;
        bool value = true;
    };

    MultiHeadAttention(const AttentionGeometry& geometry, const AttentionOptions& options, Kernels kernels);

    Variable forward(const Variable& x, const AttentionMask& mask, const ForwardState& state) override;
    Tensor weights(const Variable& x, const AttentionMask& mask) override;
    int64_t multiplies(int64_t tokens) const override;

private:
    ScaledDotProduct heads_of(const Variable& x, const AttentionMask& mask);
    int64_t projections() const { return 1 + (kernels_.key ? 1 : 0) + (kernels_.value ? 1 : 0); }

    int64_t dim_;
    int64_t heads_;
    Kernels kernels_;
    bool has_bias_;
    float dropout_;
    Parameter weight_;
    Parameter bias_;
    Linear output_;
};

}  // namespace heed
