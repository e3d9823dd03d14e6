#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "heed/attention/cache.h"
#include "heed/attention/capabilities.h"
#include "heed/core/device/device.h"
#include "heed/core/module/module.h"

namespace heed {

/// Which keys a query may use, beside what the pattern of the layer says.
struct AttentionMask {
    /// Number of real keys of each sample, i32 [batch]; undefined: all are real.
    Tensor key_lengths;
    /// Number of real queries of each sample in cross-attention, i32 [batch]; undefined: all are real. For types whose
    /// queries have an influence on each other (smyrf); in self-attention the key lengths say it.
    Tensor query_lengths = {};
    /// Which token of its sequence each key is, i32 [batch, keys], in rising order; undefined: 0, 1, 2 ... For samples
    /// that are parts of a sequence, and types that treat a key by its place (super). No gradient.
    Tensor key_places = {};
};

/// What a model tells an attention layer when it is built.
struct AttentionGeometry {
    int64_t dim = 0;
    int64_t heads = 1;
    AttentionPattern pattern = AttentionPattern::noncausal_self;
    /// Most tokens that a sequence of the model may have; 0 where there is no limit.
    int64_t max_tokens = 0;
    /// The same of the source in cross-attention.
    int64_t max_source_tokens = 0;
    /// Base of the angles of rotary positions in self-attention (rotary); 0: queries and keys are not rotated.
    double rotary_base = 0.0;

    /// Most keys that a query may meet: max_tokens, in cross-attention max_source_tokens.
    int64_t max_keys() const { return is_cross(pattern) ? max_source_tokens : max_tokens; }
};

/// What an attention layer works on.
struct AttentionInput {
    Variable query;   ///< [batch, tokens, dim]: where the queries come from
    Variable source;  ///< [batch, source tokens, dim]: keys and values in cross-attention; undefined in self-attention
    AttentionMask mask;
};

/// Multi-head attention of some type in one of the four patterns: [batch, tokens, dim] -> [batch, tokens, dim].
/// Causal self-attention: output t depends on no token behind t. Causal cross-attention: output t depends on the whole
/// source, and on no query behind t.
class Attention : public Module {
public:
    explicit Attention(const AttentionGeometry& geometry) : geometry_(geometry) {}

    Variable forward(const AttentionInput& input, const ForwardState& state) {
        return project_heads(head_outputs(input, state));
    }

    /// The type in which a query is best made for this layer: f32, or that of the device's activations. The gradient of
    /// a query of bf16 is of bf16.
    virtual DType query_dtype(const Device&) const { return DType::f32; }

    /// The two steps of forward: the outputs of the heads side by side, [batch, tokens, heads * value dim], and what
    /// becomes of them, [batch, tokens, dim].
    virtual Variable head_outputs(const AttentionInput& input, const ForwardState& state) = 0;
    virtual Variable project_heads(const Variable& outputs) = 0;

    /// What decoding token by token in the causal patterns needs. Cross-attention projects its source here, once.
    /// Throws UserError, with the patterns or types that can, where there is no such cache.
    std::unique_ptr<AttentionCache> make_cache(Context& context, const DecodingStart& start);
    /// The output for one more token of each row, x [batch, 1, dim] of f32 or bf16 -> [batch, 1, dim] of f32: the last
    /// token of the output of forward for all tokens so far, outside of training and to rounding. `cache` is one that
    /// this layer made; in self-attention the tokens are added to it. No gradient.
    Tensor step(const Tensor& x, AttentionCache& cache);

    /// The output for several more tokens of each row at once, x [batch, tokens, dim] -> [batch, tokens, dim]: that of
    /// step for one after the other, to rounding. On a cache of self-attention without tokens it is one pass where the
    /// type has one, else token by token.
    Tensor extend(const Tensor& x, AttentionCache& cache);

    /// Whether there are weights() and head_values(); other types throw UserError there, which names those that have
    /// them.
    bool has_weights() const { return capabilities_.weights; }
    /// The shares that forward gives each key without dropout, [batch, heads, tokens, keys]. No gradient.
    virtual Tensor weights(const AttentionInput& input);
    /// What they mix, [batch, heads, keys, value dim]: weights times values are the outputs of the heads without
    /// dropout. No gradient.
    virtual Tensor head_values(const AttentionInput& input);

    /// For each head, the mean share of the dense softmax that lies on the pairs which are computed outside of
    /// training; empty where a type computes all pairs. May form [tokens, keys] matrices.
    virtual std::vector<double> covered_mass(const AttentionInput& input);

    /// Multiply-adds of one forward pass over one sequence of `tokens` tokens, whose queries meet `keys` keys (in
    /// self-attention the same number). What a causal mask hides counts as well.
    virtual int64_t multiplies(int64_t tokens, int64_t keys) const = 0;

    /// Share of the scores of all pairs that a forward pass over one sequence computes; more than 1 where it computes
    /// some more than once.
    virtual double score_share(int64_t tokens, int64_t keys) const;

    /// What is worth knowing about the type at this length, in words; empty where there is nothing.
    virtual std::string remark(int64_t tokens, int64_t keys) const;

    const AttentionGeometry& geometry() const { return geometry_; }
    /// The name of the type in the registry, which made the layer.
    const std::string& type() const { return type_; }
    /// What the registry says of the type.
    const AttentionCapabilities& capabilities() const { return capabilities_; }

protected:
    /// make_cache in a causal pattern, with a start that fits the layer; a type without a cache throws UserError.
    virtual std::unique_ptr<AttentionCache> make_causal_cache(Context& context, const DecodingStart& start);
    /// step for x that fits the layer, with nothing recorded.
    virtual Tensor causal_step(const Tensor& x, AttentionCache& cache);
    /// extend for x that fits the layer, with nothing recorded; by steps where a type has nothing better.
    virtual Tensor causal_extend(const Tensor& x, AttentionCache& cache);

    /// Where keys and values come from: the source, in self-attention the query. Throws Error where shapes do not fit
    /// the layer, or a source is missing or too many.
    const Variable& source_of(const AttentionInput& input) const;

private:
    friend struct AttentionChoice;

    AttentionGeometry geometry_;
    std::string type_;
    AttentionCapabilities capabilities_;
};

/// The attention layers of a model, in the order in which it announces them, which is that of a forward pass.
std::vector<Attention*> attention_layers(Module& model);

/// Why there are no weights of some attention layer of the model, of cross-attention alone where `cross` says so: a
/// sentence that names it and the types that have weights; empty where all of them have weights.
std::string lacking_weights(Module& model, bool cross = false);

/// The remark of the first self-attention layer below `model` on sequences of `tokens` tokens; empty where there is
/// none.
std::string attention_remark(Module& model, int64_t tokens);

/// Parameters of the attention layers of `model`, frozen ones included.
int64_t attention_parameter_count(Module& model);

/// The mean score_share of the attention layers of `model` where queries and keys are `tokens` each; 1 where it has
/// none.
double mean_score_share(Module& model, int64_t tokens);

}  // namespace heed
