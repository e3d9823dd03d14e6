#pragma once

#include <memory>
#include <span>

#include "heed/attention/stack_attention.h"
#include "heed/core/settings/fields.h"
#include "heed/layers/decoder.h"
#include "heed/layers/token_parts.h"

namespace heed {

/// What a data set of sentence pairs tells a model.
struct TranslationGeometry {
    int64_t source_vocabulary = 0;
    int64_t target_vocabulary = 0;
    int64_t max_source_tokens = 0;
    int64_t max_target_tokens = 0;
    /// True where both languages have one vocabulary, with the same ids.
    bool joint_vocabulary = false;
};

/// The attention of each place of a translator.
struct TranslatorAttention {
    StackAttention encoder, decoder, cross;
};

/// Sizes of a translator.
struct TranslatorShape {
    int64_t dim = 0;
    int64_t encoder_depth = 0, decoder_depth = 0;  ///< blocks
    int64_t heads = 0;
    int64_t max_source_tokens = 0, max_target_tokens = 0;
    int64_t source_vocabulary = 0, target_vocabulary = 0;
};

/// Sentences that are being translated, one a row, all of the same number of tokens so far.
class DecoderState {
public:
    /// Row b continues what row rows[b] was: rows may be repeated (the hypotheses of a beam) or left out.
    void reorder(std::span<const int32_t> rows);

    int64_t rows() const { return rows_; }
    /// Tokens that every row has been given.
    int64_t tokens() const { return tokens_; }

private:
    friend class TransformerTranslator;
    DecoderCache cache_;
    int64_t rows_ = 0;
    int64_t tokens_ = 0;
};

/// An encoder-decoder model: texts of one language to logits of the next token of another. Ids are i32 [batch, tokens],
/// lengths i32 [batch]: the number of real tokens; what stands behind them has no influence.
class Translator : public Module {
public:
    /// What the decoder reads of the source: [batch, source tokens, dim].
    virtual Variable encode(const Tensor& ids, const Tensor& lengths, const ForwardState& state) = 0;

    /// Logits [batch, target tokens, vocabulary]: those of token t + 1, given tokens 0 .. t and the source.
    virtual Variable decode(const Tensor& ids, const Tensor& lengths, const Variable& encoded,
                            const Tensor& source_lengths, const ForwardState& state) = 0;

    /// What decode gives for targets [parts, target tokens] whose sources are parts of one source, ids i32 [1, source
    /// tokens]: of each as though its other tokens were padding. No gradient.
    virtual Variable forward_parts(const Tensor& source, const TokenParts& parts, const Tensor& ids,
                                   const Tensor& lengths, const ForwardState& state) = 0;

    /// Starts translations of what encode made of sources [rows, source tokens], token by token. Memory is taken for
    /// `expected_tokens` at once.
    virtual DecoderState begin_decoding(const Tensor& encoded, const Tensor& source_lengths,
                                        int64_t expected_tokens) = 0;
    /// Gives every row one more token, ids i32 [rows]; logits of the next one, [rows, vocabulary]: the last of those
    /// that decode gives for all tokens so far. Throws UserError beyond max_target_tokens.
    virtual Tensor step(DecoderState& state, const Tensor& ids) = 0;

    virtual TranslatorShape shape() const = 0;
    /// Multiply-adds of the matrix products of one forward pass over one pair.
    virtual int64_t multiplies(int64_t source_tokens, int64_t target_tokens) const = 0;
};

/// Settings of the translator (Vaswani et al., 2017).
struct TranslatorOptions : Options {
    int64_t dim = 256;
    int64_t encoder_depth = 3;
    int64_t decoder_depth = 3;
    int64_t heads = 8;
    int64_t mlp_dim = 1024;
    double dropout = 0.1;
    double head_dropout = 0.0;
    std::string norm = "pre";
    double norm_epsilon = LayerNorm::default_epsilon;
    std::string positions = "sinusoidal";
    std::string activation = "relu";
    std::string tie = "target";
    bool logits_bias = false;
    bool scale_embedding = true;
    bool checkpoint_activations = false;

    void describe(Fields& fields) override;
    void validate() const override;
};

/// Throws UserError when the heads do not divide the dimension, when an attention type cannot do its place, and when
/// all embeddings are to be tied without a joint vocabulary.
std::unique_ptr<Translator> make_translator(const TranslatorOptions& options, const TranslatorAttention& attention,
                                            const TranslationGeometry& texts);

}  // namespace heed
