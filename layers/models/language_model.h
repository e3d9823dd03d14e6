#pragma once

#include <memory>
#include <string>

#include "heed/attention/stack_attention.h"
#include "heed/core/module/module.h"
#include "heed/core/settings/fields.h"
#include "heed/layers/block_settings.h"
#include "heed/layers/encoder.h"
#include "heed/layers/layer_norm.h"

namespace heed {

/// What a data set of plain texts tells a model.
struct LanguageGeometry {
    int64_t vocabulary = 0;
    int64_t max_tokens = 0;  ///< that it reads at once
};

/// Sizes of a language model.
struct LanguageModelShape {
    int64_t dim = 0;
    int64_t depth = 0;  ///< blocks
    int64_t heads = 0;
    int64_t max_tokens = 0;
    int64_t vocabulary = 0;   ///< with the mask token
    int32_t mask_token = -1;  ///< the last id; -1 where it says what follows
};

/// Texts that a model goes on with, one a row, all of the same number of tokens so far.
class LanguageState {
public:
    int64_t rows() const { return rows_; }
    /// Tokens that every row has been given.
    int64_t tokens() const { return tokens_; }

private:
    friend class TransformerLanguageModel;
    EncoderCache cache_;
    int64_t rows_ = 0;
    int64_t tokens_ = 0;
};

/// A model from texts to logits of their tokens. Ids are i32 [batch, tokens], lengths i32 [batch]: the number of real
/// tokens; what stands behind them has no influence.
class LanguageModel : public Module {
public:
    /// Logits [batch, tokens, vocabulary]: of the token that follows each, given it and all before it; of a masked
    /// model those of each token itself, given all.
    virtual Variable forward(const Tensor& ids, const Tensor& lengths, const ForwardState& state) = 0;

    /// Those of some tokens alone, [rows, vocabulary], so that the output layer works on no others: `rows` is i32, each
    /// the number of a token of the batch, sample * tokens + place.
    virtual Variable forward_rows(const Tensor& ids, const Tensor& lengths, const Tensor& rows,
                                  const ForwardState& state) = 0;

    /// Starts `rows` texts that go on token by token. Memory is taken for `expected_tokens` at once.
    /// A masked model throws UserError.
    virtual LanguageState begin(Context& context, int64_t rows, int64_t expected_tokens) = 0;
    /// Gives every row more tokens, ids i32 [rows, tokens], at least one; logits of what follows the last, [rows,
    /// vocabulary]: those of forward for all tokens so far, to rounding. The first tokens of a text are one pass where
    /// the attention has one. Throws UserError beyond max_tokens.
    virtual Tensor extend(LanguageState& state, const Tensor& ids) = 0;

    virtual LanguageModelShape shape() const = 0;
    /// Multiply-adds of the matrix products of one forward pass over that many tokens.
    virtual int64_t multiplies(int64_t tokens) const = 0;
};

/// Settings of the language model: the blocks of GPT-2 (Radford et al., 2019); a masked one (Devlin et al., NAACL 2019)
/// has the same with noncausal attention, and one token more.
struct LanguageModelOptions : Options {
    std::string objective = "causal";
    int64_t dim = 256;
    int64_t depth = 4;
    int64_t heads = 4;
    int64_t mlp_dim = 1024;
    double dropout = 0.1;
    double embedding_dropout = 0.1;
    std::string norm = "pre";
    double norm_epsilon = LayerNorm::default_epsilon;
    std::string positions = "learned";
    double rotary_base = default_rotary_base;
    std::string activation = "gelu";
    bool tie = true;
    bool checkpoint_activations = false;

    void describe(Fields& fields) override;
    void validate() const override;

    bool masked() const { return objective == "masked"; }
};

/// Throws UserError when the heads do not divide the dimension or the attention cannot do the self-attention that the
/// objective needs.
std::unique_ptr<LanguageModel> make_language_model(const LanguageModelOptions& options, const StackAttention& attention,
                                                   const LanguageGeometry& texts);

}  // namespace heed
