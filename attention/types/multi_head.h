#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/attention/registry.h"
#include "heed/attention/rotary/rotary_positions.h"
#include "heed/attention/types/multi_head_cache.h"
#include "heed/core/module/linear.h"

namespace heed {

/// Attention whose heads are softmax attention over projected or plain slices of the input, in all four patterns: the
/// shared body of the types that differ only in which of query, key and value are projected, and in what stands in for
/// a projected value. Projections of the same input are rows of one packed parameter, so that they are one product:
/// query, key and value in self-attention, key and value in cross-attention. With AttentionGeometry::rotary_base,
/// queries and keys are rotated by their places behind the projections, the first token of a sequence having place 0.
class MultiHeadAttention : public Attention {
public:
    /// Which of the two are projected; the query always is.
    struct Projected {
        bool key = true;
        bool value = true;
    };

    MultiHeadAttention(const AttentionGeometry& geometry, const AttentionOptions& options, Projected projected);

    Variable head_outputs(const AttentionInput& input, const ForwardState& state) override;
    Variable project_heads(const Variable& outputs) override { return output_.forward(outputs); }
    Tensor weights(const AttentionInput& input) override;
    Tensor head_values(const AttentionInput& input) override;
    int64_t multiplies(int64_t tokens, int64_t keys) const override;
    /// bf16 is projected or cast.
    DType query_dtype(const Device& device) const override;

protected:
    std::unique_ptr<AttentionCache> make_causal_cache(Context& context, const DecodingStart& start) override;
    Tensor causal_step(const Tensor& x, AttentionCache& cache) override;
    Tensor causal_extend(const Tensor& x, AttentionCache& cache) override;

    /// True where values() of a token needs the inputs of earlier ones, so that a cache has to keep them.
    virtual bool mixes_values() const { return false; }
    /// Where mixes_values(): adds the value of the last token of `input` to `mixed`.
    virtual void append_value(const TokenBuffer& input, TokenBuffer& mixed);

    /// In causal self-attention: how many tokens, counted back from its own, a token uses at most, so that a cache
    /// keeps no more; 0: all. The keys of attend_step are then in no order.
    virtual int64_t last_tokens_used() const { return 0; }

    /// Whether attend() is scaled_dot_product for so many tokens and keys, so that heads may be of bf16 where that
    /// takes them.
    virtual bool is_dense(int64_t tokens, int64_t keys) const;

    /// The values where they are not projected, [batch, keys, dim] and of the type of `source`: the source itself.
    virtual Variable values(const Variable& source, const AttentionMask& mask);

    /// The outputs of the heads side by side, [batch, tokens, dim], and their weights without dropout.
    virtual Variable attend(const ScaledDotProduct& heads, const AttentionMask& mask, const ForwardState& state);
    virtual Tensor attend_weights(const ScaledDotProduct& heads, const AttentionMask& mask);
    /// The heads of a step: one query behind all others of its row in self-attention, where keys have room for more
    /// tokens than the `tokens` so far; in cross-attention some queries of each source. `kept` is what the type keeps
    /// from step to step, null at first.
    virtual Tensor attend_step(const ScaledDotProduct& heads, int64_t tokens, std::unique_ptr<AttentionCache>& kept);

    /// Query, key and value of the heads, without dropout and of that type. The first token has place `first_place`
    /// where the mask names no places.
    ScaledDotProduct heads_of(const AttentionInput& input, int64_t first_place = 0, DType dtype = DType::f32);
    /// Multiply-adds of the projections of `tokens` queries and `keys` keys.
    int64_t projection_multiplies(int64_t tokens, int64_t keys) const;

private:
    /// Projections of one input, as rows of one parameter. Their biases are there where the layer has biases.
    struct PackedProjections {
        Parameter weight, bias;
        PackedProjections(int64_t count, int64_t dim);
    };
    Tensor self_step(const Tensor& x, MultiHeadSelfCache& cache);
    Tensor cross_step(const Tensor& x, MultiHeadCrossCache& cache);
    /// What is the same for all passes: heads, their width and the mask; the caller sets query, key and value.
    ScaledDotProduct empty_heads(const AttentionMask& mask) const;
    /// Columns of key and value where `first` is the first column of the source in what project() gave; `keys` and
    /// `values` are those that are not projected.
    void set_key_and_value(ScaledDotProduct& heads, const Variable& projection, int64_t first, const Variable& keys,
                           const Variable& values) const;
    /// Projections with the queries, and keys that are among them, rotated by their places; keys that are the input.
    Variable rotated_projections(Variable projections, const Tensor& places, int64_t first_place);
    Variable rotated_input(const Variable& input, const Tensor& places, int64_t first_place);
    void announce(PackedProjections& projections, const std::vector<std::string>& names);
    Variable project(PackedProjections& projections, const Variable& x, DType result = DType::f32);
    /// The type of the heads in forward: bf16 where scaled_dot_product computes them and takes it.
    DType type_of_heads(const AttentionInput& input, float dropout) const;

    int64_t source_projections() const { return (projected_.key ? 1 : 0) + (projected_.value ? 1 : 0); }
    bool cross() const { return is_cross(geometry().pattern); }

    Projected projected_;
    bool has_bias_;
    float dropout_;
    PackedProjections query_;   ///< in self-attention also of key and value
    PackedProjections source_;  ///< of key and value in cross-attention
    Linear output_;
    std::optional<RotaryPositions> rotary_;
};

/// MultiHeadAttention with the softmax over all keys, at every length.
class DenseAttention : public MultiHeadAttention {
public:
    using MultiHeadAttention::MultiHeadAttention;

protected:
    bool is_dense(int64_t, int64_t) const override { return true; }
};

}  // namespace heed
