#pragma once

#include <memory>

#include "heed/attention/stack_attention.h"
#include "heed/core/module/module.h"
#include "heed/core/settings/fields.h"
#include "heed/layers/block_settings.h"
#include "heed/layers/layer_norm.h"
#include "heed/layers/token_parts.h"

namespace heed {

/// What a data set of texts tells a model.
struct TextGeometry {
    int64_t vocabulary = 0;
    int64_t max_tokens = 0;  ///< of a text, without a class token
    int64_t classes = 0;     ///< 0: the model has no head
};

/// Sizes of a transformer that reads texts.
struct TextTransformerShape {
    int64_t dim = 0;
    int64_t depth = 0;  ///< blocks
    int64_t heads = 0;
    int64_t max_tokens = 0;    ///< of a text
    bool class_token = false;  ///< in front of the text
    int64_t vocabulary = 0;
    bool reads_first = false;  ///< the head reads the first token alone, else the mean or maximum of all

    /// Tokens that the attention layers see of a text of that many tokens.
    int64_t attended(int64_t tokens) const { return tokens + (class_token ? 1 : 0); }
};

/// A model from texts to logits of classes.
class TextClassifier : public Module {
public:
    /// ids i32 [batch, tokens], lengths i32 [batch]: the number of real tokens of each text, from 0; what stands behind
    /// them has no influence. Logits [batch, classes]. Throws Error without a head.
    virtual Variable forward(const Tensor& ids, const Tensor& lengths, const ForwardState& state) = 0;

    /// What the head reads: one vector a text, [batch, features]. A model without classes has this alone.
    virtual Variable features(const Tensor& ids, const Tensor& lengths, const ForwardState& state) = 0;

    /// Logits [parts, classes] of parts of one text, ids i32 [1, tokens]: of each as though its other tokens were
    /// padding. A class token is token 0 and has to be in every part, as the first token has where the head reads it.
    /// No gradient.
    virtual Variable forward_parts(const Tensor& ids, const TokenParts& parts, const ForwardState& state) = 0;

    virtual TextTransformerShape shape() const = 0;
    /// Multiply-adds of the matrix products of one forward pass over a text of that many tokens.
    virtual int64_t multiplies(int64_t tokens) const = 0;
};

/// Settings of the text classifier: a transformer encoder, a pooled vector and a head.
struct TextClassifierOptions : Options {
    int64_t dim = 64;
    int64_t depth = 2;
    int64_t heads = 4;
    int64_t mlp_dim = 128;
    int64_t hidden = 0;
    std::string hidden_activation = "relu";
    double dropout = 0.1;
    double token_dropout = 0.0;
    double embedding_dropout = 0.0;
    double head_dropout = 0.0;
    double drop_path = 0.0;
    std::string norm = "pre";
    double norm_epsilon = LayerNorm::default_epsilon;
    std::string pool = "mean";
    std::string positions = "learned";
    double rotary_base = default_rotary_base;
    int64_t token_types = 0;
    bool embedding_norm = false;
    std::string activation = "gelu";
    bool scale_embedding = false;
    bool checkpoint_activations = false;

    void describe(Fields& fields) override;
    void validate() const override;
};

/// Throws UserError when the heads do not divide the dimension or the attention cannot do noncausal self-attention.
std::unique_ptr<TextClassifier> make_text_classifier(const TextClassifierOptions& options,
                                                     const StackAttention& attention, const TextGeometry& texts);

}  // namespace heed
