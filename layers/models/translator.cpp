#include "heed/layers/models/translator.h"

#include <cmath>
#include <string>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/activation.h"
#include "heed/layers/block_settings.h"
#include "heed/layers/encoder.h"
#include "heed/layers/token_input.h"

namespace heed {

void TranslatorOptions::describe(Fields& fields) {
    fields.add("dim", dim, "width of the tokens").range(1, 65536).unit("features");
    fields.add("encoder_depth", encoder_depth, "number of encoder blocks").range(0, 1000).unit("blocks");
    fields.add("decoder_depth", decoder_depth, "number of decoder blocks").range(1, 1000).unit("blocks");
    fields.add("heads", heads, "attention heads; divides dim").range(1, 1024).unit("heads");
    fields.add("mlp_dim", mlp_dim, "width of the hidden layer of each block").range(1, 262144).unit("features");
    fields.add("dropout", dropout, "probability of dropout after the positions and on each residual branch")
        .range(0.0, 0.99);
    fields.add("head_dropout", head_dropout, "probability of dropout before the output layer").range(0.0, 0.99);
    describe_norm(fields, norm, norm_epsilon);
    fields
        .add("positions", positions,
             "what tells a token's position; sinusoidal_halves: with all sines before all cosines, as Marian has them")
        .choices({"sinusoidal", "sinusoidal_halves", "learned", "none"});
    fields.add("activation", activation, "function between the two layers of each MLP")
        .choices({"relu", "gelu", "gelu_tanh", "silu"});
    fields
        .add("tie", tie,
             "which tables of word vectors are one: that of the target and the output layer (target), that of the "
             "source as well (all, with a joint vocabulary)")
        .choices({"none", "target", "all"});
    fields.add(
        "logits_bias", logits_bias,
        "a bias for each word of the target where the output layer is a table of word vectors (tie: none has one "
        "anyway)");
    fields.add("scale_embedding", scale_embedding, "multiply the vectors of the words by the square root of dim");
    describe_checkpointing(fields, checkpoint_activations);
}

void TranslatorOptions::validate() const {
    check_heads_divide(heads, dim);
    if (logits_bias && tie == "none") {
        throw UserError("model.logits_bias true does not go with model.tie none, whose output layer has a bias");
    }
}

void DecoderState::reorder(std::span<const int32_t> rows) {
    cache_.reorder(rows);
    rows_ = static_cast<int64_t>(rows.size());
}

namespace {

EncoderSettings translator_encoder_settings(const TranslatorOptions& options, const TranslationGeometry& texts) {
    EncoderSettings settings;
    take_block_options(settings, options);
    settings.depth = options.encoder_depth;
    settings.max_tokens = texts.max_source_tokens;
    return settings;
}

DecoderSettings decoder_settings(const TranslatorOptions& options, const TranslationGeometry& texts) {
    DecoderSettings settings;
    take_block_options(settings, options);
    settings.depth = options.decoder_depth;
    settings.max_tokens = texts.max_target_tokens;
    settings.max_source_tokens = texts.max_source_tokens;
    return settings;
}

TokenInputSettings translator_input(const TranslatorOptions& options, int64_t max_tokens) {
    return {.max_tokens = max_tokens,
            .positions = options.positions,
            .scale = options.scale_embedding ? std::sqrt(static_cast<float>(options.dim)) : 1.0f,
            .dropout = options.dropout};
}

}  // namespace

class TransformerTranslator final : public Translator {
public:
    TransformerTranslator(const TranslatorOptions& options, const TranslatorAttention& attention,
                          const TranslationGeometry& texts)
        : shape_{.dim = options.dim,
                 .encoder_depth = options.encoder_depth,
                 .decoder_depth = options.decoder_depth,
                 .heads = options.heads,
                 .max_source_tokens = texts.max_source_tokens,
                 .max_target_tokens = texts.max_target_tokens,
                 .source_vocabulary = texts.source_vocabulary,
                 .target_vocabulary = texts.target_vocabulary},
          target_embedding_(texts.target_vocabulary, options.dim, deviation(options)),
          own_source_embedding_(options.tie == "all" ? nullptr
                                                     : std::make_unique<Embedding>(texts.source_vocabulary, options.dim,
                                                                                   deviation(options))),
          source_(own_source_embedding_ ? *own_source_embedding_ : target_embedding_,
                  translator_input(options, texts.max_source_tokens)),
          encoder_(translator_encoder_settings(options, texts), attention.encoder),
          target_(target_embedding_, translator_input(options, texts.max_target_tokens)),
          decoder_(decoder_settings(options, texts), attention.decoder, attention.cross),
          head_dropout_(options.head_dropout) {
        if (own_source_embedding_) add("source_embedding", *own_source_embedding_);
        add("source", source_);
        add("encoder", encoder_);
        add(own_source_embedding_ ? "target_embedding" : "embedding", target_embedding_);
        add("target", target_);
        add("decoder", decoder_);
        add("head_dropout", head_dropout_);
        if (options.tie == "none") {
            head_ = std::make_unique<Linear>(options.dim, texts.target_vocabulary);
            add("head", *head_);
        }
        if (options.logits_bias) {
            logits_bias_ =
                std::make_unique<Parameter>(Shape{texts.target_vocabulary}, Initializer::constant(0.0f), false);
            add("logits_bias", *logits_bias_);
        }
    }

    Variable encode(const Tensor& ids, const Tensor& lengths, const ForwardState& state) override {
        check_texts("translator", ids, lengths);
        return encoder_.forward(source_.forward(ids, state), {lengths}, state);
    }

    Variable decode(const Tensor& ids, const Tensor& lengths, const Variable& encoded, const Tensor& source_lengths,
                    const ForwardState& state) override {
        return decode_from(ids, {lengths, encoded, source_lengths}, state);
    }

    Variable forward_parts(const Tensor& source, const TokenParts& parts, const Tensor& ids, const Tensor& lengths,
                           const ForwardState& state) override {
        const NoGradient guard(source.context());
        const Variable encoded = encoder_.forward(parts.of(source_.forward(source, state)), parts.mask(), state);
        return decode_from(ids, {lengths, encoded, parts.lengths, parts.places}, state);
    }

    DecoderState begin_decoding(const Tensor& encoded, const Tensor& source_lengths, int64_t expected_tokens) override {
        check_rank("translator", "encoded source", encoded.shape(), 3);
        DecoderState state;
        state.rows_ = encoded.shape()[0];
        state.cache_ = decoder_.make_cache(encoded.context(), {.batch = state.rows_,
                                                               .expected_tokens = expected_tokens,
                                                               .source = encoded,
                                                               .source_lengths = source_lengths});
        return state;
    }

    Tensor step(DecoderState& state, const Tensor& ids) override {
        check_shape("translator", "ids", ids.shape(), {state.rows_});
        const NoGradient guard(ids.context());
        const Tensor x = decoder_.step(target_.step(ids.reshape({state.rows_, 1}), state.tokens_), state.cache_);
        ++state.tokens_;
        return logits(Variable(x.reshape({state.rows_, shape_.dim}))).value();
    }

    TranslatorShape shape() const override { return shape_; }

    int64_t multiplies(int64_t source_tokens, int64_t target_tokens) const override {
        return encoder_.multiplies(source_tokens) + decoder_.multiplies(target_tokens, source_tokens) +
               target_tokens * shape_.dim * target_embedding_.vocabulary();
    }

private:
    /// With the scale of the input, vectors start with components of deviation 1, and tied logits as well.
    static double deviation(const TranslatorOptions& options) {
        return 1.0 / std::sqrt(static_cast<double>(options.dim));
    }

    Variable decode_from(const Tensor& ids, const DecoderInput& input, const ForwardState& state) {
        check_texts("translator", ids, input.lengths);
        return logits(head_dropout_.forward(decoder_.forward(target_.forward(ids, state), input, state), state));
    }

    Variable logits(const Variable& x) {
        return head_ ? head_->forward(x)
                     : target_embedding_.products(x, logits_bias_ ? logits_bias_->variable() : Variable());
    }

    TranslatorShape shape_;
    Embedding target_embedding_;
    std::unique_ptr<Embedding> own_source_embedding_;  ///< null where the target's is also the source's
    TokenInput source_;
    Encoder encoder_;
    TokenInput target_;
    Decoder decoder_;
    Dropout head_dropout_;
    std::unique_ptr<Linear> head_;  ///< null where the target's table is the output layer
    std::unique_ptr<Parameter> logits_bias_;
};

std::unique_ptr<Translator> make_translator(const TranslatorOptions& options, const TranslatorAttention& attention,
                                            const TranslationGeometry& texts) {
    options.validate();
    if (options.tie == "all" && !texts.joint_vocabulary) {
        throw UserError("model.tie: all needs one vocabulary of both languages, got one of " +
                        std::to_string(texts.source_vocabulary) + " and one of " +
                        std::to_string(texts.target_vocabulary) + " tokens; 'target' ties the output layer alone");
    }
    return std::make_unique<TransformerTranslator>(options, attention, texts);
}

}  // namespace heed
