#include "heed/layers/models/text_classifier.h"

#include <cmath>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/kernels/elementwise_kernels.h"
#include "heed/core/ops/elementwise/activation.h"
#include "heed/core/ops/tokens/tokens.h"
#include "heed/layers/block_settings.h"
#include "heed/layers/encoder.h"
#include "heed/layers/token_input.h"

namespace heed {

void TextClassifierOptions::describe(Fields& fields) {
    fields.add("dim", dim, "width of the tokens").range(1, 65536).unit("features");
    fields.add("depth", depth, "number of encoder blocks").range(0, 1000).unit("blocks");
    fields.add("heads", heads, "attention heads; divides dim").range(1, 1024).unit("heads");
    fields.add("mlp_dim", mlp_dim, "width of the hidden layer of each block").range(1, 262144).unit("features");
    fields.add("hidden", hidden, "width of a hidden layer before the head; 0: none").range(0, 262144).unit("features");
    fields
        .add("hidden_activation", hidden_activation,
             "function of that layer; with tanh, pool first and hidden equal to dim it is the pooler of BERT")
        .choices({"relu", "tanh"});
    fields.add("dropout", dropout, "probability of dropout on each residual branch").range(0.0, 0.99);
    fields.add("token_dropout", token_dropout, "probability that a token's whole vector is dropped").range(0.0, 0.99);
    fields.add("embedding_dropout", embedding_dropout, "probability of dropout after the positions").range(0.0, 0.99);
    fields.add("head_dropout", head_dropout, "probability of dropout before the head and its hidden layer")
        .range(0.0, 0.99);
    fields
        .add("drop_path", drop_path,
             "stochastic depth: probability that a sample skips a branch of the last block, rising from 0 in the first")
        .range(0.0, 0.99);
    describe_norm(fields, norm, norm_epsilon);
    fields
        .add("pool", pool,
             "classify from the mean or the maximum of the tokens, from a class token that the model puts in front, or "
             "from the "
             "first token of the text (which data.special_tokens makes [CLS])")
        .choices({"mean", "class", "max", "first"});
    fields
        .add("positions", positions,
             "what tells a token's position: a vector that is added (learned, sinusoidal), nothing (none), or that "
             "queries and keys of the attention are rotated by it (rotary)")
        .choices({"learned", "sinusoidal", "rotary", "none"});
    describe_rotary_base(fields, rotary_base);
    fields
        .add("token_types", token_types,
             "rows of a table whose first row is added to every token, as BERT has it for texts that are one segment; "
             "0: none")
        .range(0, 65536)
        .unit("types");
    fields.add("embedding_norm", embedding_norm, "normalise the sum of word, position and type before the first block");
    fields.add("activation", activation, "function between the two layers of each MLP")
        .choices({"gelu", "gelu_tanh", "relu", "silu"});
    fields.add("scale_embedding", scale_embedding,
               "multiply the vectors of the words by the square root of dim, and start them smaller");
    describe_checkpointing(fields, checkpoint_activations);
}

void TextClassifierOptions::validate() const {
    check_heads_divide(heads, dim);
}

namespace {

TextTransformerShape text_shape(const TextClassifierOptions& options, const TextGeometry& texts) {
    return {.dim = options.dim,
            .depth = options.depth,
            .heads = options.heads,
            .max_tokens = texts.max_tokens,
            .class_token = options.pool == "class",
            .vocabulary = texts.vocabulary,
            .reads_first = options.pool == "class" || options.pool == "first"};
}

TokenPool pool_of(const std::string& name) {
    if (name == "class" || name == "first") return TokenPool::first;
    return name == "max" ? TokenPool::max : TokenPool::mean;
}

TokenInputSettings input_settings(const TextClassifierOptions& options, const TextGeometry& texts) {
    return {.max_tokens = texts.max_tokens,
            .positions = options.positions,
            .class_token = options.pool == "class",
            .token_types = options.token_types,
            .norm = options.embedding_norm,
            .norm_epsilon = options.norm_epsilon,
            .scale = options.scale_embedding ? std::sqrt(static_cast<float>(options.dim)) : 1.0f,
            .token_dropout = options.token_dropout,
            .dropout = options.embedding_dropout};
}

EncoderSettings text_encoder_settings(const TextClassifierOptions& options, int64_t max_tokens) {
    EncoderSettings settings;
    take_block_options(settings, options);
    settings.depth = options.depth;
    settings.drop_path = options.drop_path;
    settings.max_tokens = max_tokens;
    settings.rotary_base = rotary_base_of(options.positions, options.rotary_base);
    return settings;
}

/// One more token in each text.
Tensor with_class_token(const Tensor& lengths) {
    const Tensor longer = Tensor::empty(lengths.context(), lengths.shape(), DType::i32);
    elementwise_kernels(lengths).add_integer(lengths.data<int32_t>(), 1, longer.data<int32_t>(), lengths.elements());
    return longer;
}

class TransformerTextClassifier final : public TextClassifier {
public:
    TransformerTextClassifier(const TextClassifierOptions& options, const StackAttention& attention,
                              const TextGeometry& texts)
        : shape_(text_shape(options, texts)),
          pool_(pool_of(options.pool)),
          embedding_(texts.vocabulary, options.dim,
                     options.scale_embedding ? 1.0 / std::sqrt(static_cast<double>(options.dim)) : 0.02),
          input_(embedding_, input_settings(options, texts)),
          encoder_(text_encoder_settings(options, shape_.attended(texts.max_tokens)), attention),
          pooled_dropout_(options.head_dropout),
          hidden_dropout_(options.head_dropout) {
        add("embedding", embedding_);
        add("input", input_);
        add("encoder", encoder_);
        add("pooled_dropout", pooled_dropout_);
        if (options.hidden > 0) {
            hidden_ = std::make_unique<Linear>(options.dim, options.hidden);
            hidden_activation_ = activation_from_name(options.hidden_activation);
            add("hidden", *hidden_);
            add("hidden_dropout", hidden_dropout_);
        }
        if (texts.classes == 0) return;
        head_ = std::make_unique<Linear>(options.hidden > 0 ? options.hidden : options.dim, texts.classes);
        add("head", *head_);
    }

    Variable forward(const Tensor& ids, const Tensor& lengths, const ForwardState& state) override {
        return classify(features(ids, lengths, state));
    }

    Variable forward_parts(const Tensor& ids, const TokenParts& parts, const ForwardState& state) override {
        const NoGradient guard(ids.context());
        return classify(read(parts.of(input_.forward(ids, state)), parts.mask(), state));
    }

    Variable features(const Tensor& ids, const Tensor& lengths, const ForwardState& state) override {
        check_texts("text classifier", ids, lengths);
        const Tensor attended = shape_.class_token ? with_class_token(lengths) : lengths;
        return read(input_.forward(ids, state), {attended}, state);
    }

    TextTransformerShape shape() const override { return shape_; }

    int64_t multiplies(int64_t tokens) const override {
        return encoder_.multiplies(shape_.attended(tokens)) + (hidden_ ? hidden_->in() * hidden_->out() : 0) +
               (head_ ? head_->in() * head_->out() : 0);
    }

private:
    Variable read(const Variable& tokens, const AttentionMask& mask, const ForwardState& state) {
        Variable x = encoder_.forward(tokens, mask, state);
        x = pooled_dropout_.forward(pool_tokens(x, pool_, mask.key_lengths), state);
        if (hidden_) x = hidden_dropout_.forward(hidden_->forward(x, hidden_activation_), state);
        return x;
    }

    Variable classify(const Variable& read_tokens) {
        if (!head_) throw Error("the text classifier has no head, as there are no classes");
        return head_->forward(read_tokens);
    }

    TextTransformerShape shape_;
    TokenPool pool_;
    Embedding embedding_;
    TokenInput input_;
    Encoder encoder_;
    Dropout pooled_dropout_, hidden_dropout_;
    std::unique_ptr<Linear> hidden_;
    Activation hidden_activation_ = Activation::relu;
    std::unique_ptr<Linear> head_;  ///< null without classes
};

}  // namespace

std::unique_ptr<TextClassifier> make_text_classifier(const TextClassifierOptions& options,
                                                     const StackAttention& attention, const TextGeometry& texts) {
    options.validate();
    return std::make_unique<TransformerTextClassifier>(options, attention, texts);
}

}  // namespace heed
