#include "heed/layers/models/language_model.h"

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/linear.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/shapes/copy_rows.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/core/ops/tokens/embedding.h"
#include "heed/layers/block_settings.h"
#include "heed/layers/token_input.h"

namespace heed {

void LanguageModelOptions::describe(Fields& fields) {
    fields
        .add("objective", objective,
             "what it is trained to say: the next token (causal), or tokens that are hidden from it (masked: 15 % of a "
             "window, of which 80 % are replaced by a mask token and 10 % by another), for init of a text classifier")
        .choices({"causal", "masked"});
    fields.add("dim", dim, "width of the tokens").range(1, 65536).unit("features");
    fields.add("depth", depth, "number of blocks").range(1, 1000).unit("blocks");
    fields.add("heads", heads, "attention heads; divides dim").range(1, 1024).unit("heads");
    fields.add("mlp_dim", mlp_dim, "width of the hidden layer of each block").range(1, 262144).unit("features");
    fields.add("dropout", dropout, "probability of dropout on each residual branch").range(0.0, 0.99);
    fields.add("embedding_dropout", embedding_dropout, "probability of dropout after the positions").range(0.0, 0.99);
    describe_norm(fields, norm, norm_epsilon);
    fields
        .add("positions", positions,
             "what tells a token's position: a vector that is added (learned, sinusoidal), nothing (none), or that "
             "queries and keys of the attention are rotated by it (rotary); all but learned can be evaluated with "
             "longer windows than trained (data.eval_context)")
        .choices({"learned", "sinusoidal", "rotary", "none"});
    describe_rotary_base(fields, rotary_base);
    fields.add("activation", activation, "function between the two layers of each MLP")
        .choices({"gelu", "gelu_tanh", "relu", "silu"});
    fields.add("tie", tie, "the table of token vectors is the output layer as well; else that is a layer of its own");
    describe_checkpointing(fields, checkpoint_activations);
}

void LanguageModelOptions::validate() const {
    check_heads_divide(heads, dim);
}

namespace {

LanguageModelShape language_shape(const LanguageModelOptions& options, const LanguageGeometry& texts) {
    LanguageModelShape shape = {options.dim, options.depth, options.heads, texts.max_tokens, texts.vocabulary};
    if (options.masked()) shape.mask_token = static_cast<int32_t>(shape.vocabulary++);
    return shape;
}

EncoderSettings language_stack_settings(const LanguageModelOptions& options, const LanguageGeometry& texts) {
    EncoderSettings settings;
    take_block_options(settings, options);
    settings.depth = options.depth;
    settings.max_tokens = texts.max_tokens;
    settings.rotary_base = rotary_base_of(options.positions, options.rotary_base);
    settings.pattern = options.masked() ? AttentionPattern::noncausal_self : AttentionPattern::causal_self;
    return settings;
}

}  // namespace

class TransformerLanguageModel final : public LanguageModel {
public:
    TransformerLanguageModel(const LanguageModelOptions& options, const StackAttention& attention,
                             const LanguageGeometry& texts)
        : shape_(language_shape(options, texts)),
          embedding_(shape_.vocabulary, options.dim),
          input_(
              embedding_,
              {.max_tokens = texts.max_tokens, .positions = options.positions, .dropout = options.embedding_dropout}),
          stack_(language_stack_settings(options, texts), attention) {
        add("embedding", embedding_);
        add("input", input_);
        add(options.masked() ? "encoder" : "decoder", stack_);
        if (options.tie) return;
        head_ = std::make_unique<Linear>(options.dim, shape_.vocabulary);
        add("head", *head_);
    }

    Variable forward(const Tensor& ids, const Tensor& lengths, const ForwardState& state) override {
        return logits(hidden(ids, lengths, state));
    }

    Variable forward_rows(const Tensor& ids, const Tensor& lengths, const Tensor& rows,
                          const ForwardState& state) override {
        const Variable all = hidden(ids, lengths, state);
        // Its tokens are the table, whose rows of no interest get the gradient 0.
        return logits(embedding(reshape(all, {ids.elements(), shape_.dim}), rows));
    }

    LanguageState begin(Context& context, int64_t rows, int64_t expected_tokens) override {
        LanguageState state;
        state.rows_ = rows;
        state.cache_ = stack_.make_cache(context, {.batch = rows, .expected_tokens = expected_tokens});
        return state;
    }

    Tensor extend(LanguageState& state, const Tensor& ids) override {
        check_rank("language model", "ids", ids.shape(), 2);
        const int64_t tokens = ids.shape()[1];
        check_shape("language model", "ids", ids.shape(), {state.rows_, tokens});
        if (tokens < 1) throw Error("a language model goes on with at least one token, got none");
        const NoGradient guard(ids.context());
        const Tensor x = stack_.extend(input_.step(ids, state.tokens_), state.cache_);
        state.tokens_ += tokens;
        const Tensor last = Tensor::empty(ids.context(), {state.rows_, shape_.dim});
        copy_rows({x, (tokens - 1) * shape_.dim, tokens * shape_.dim}, {last, 0, shape_.dim}, state.rows_, shape_.dim);
        return logits(Variable(last)).value();
    }

    LanguageModelShape shape() const override { return shape_; }

    int64_t multiplies(int64_t tokens) const override {
        return stack_.multiplies(tokens) + tokens * shape_.dim * shape_.vocabulary;
    }

private:
    Variable hidden(const Tensor& ids, const Tensor& lengths, const ForwardState& state) {
        check_texts("language model", ids, lengths);
        return stack_.forward(input_.forward(ids, state), {lengths}, state);
    }
    Variable logits(const Variable& x) { return head_ ? head_->forward(x) : embedding_.products(x, Variable()); }

    LanguageModelShape shape_;
    Embedding embedding_;
    TokenInput input_;
    Encoder stack_;
    std::unique_ptr<Linear> head_;  ///< null where the table of token vectors is the output layer
};

std::unique_ptr<LanguageModel> make_language_model(const LanguageModelOptions& options, const StackAttention& attention,
                                                   const LanguageGeometry& texts) {
    options.validate();
    return std::make_unique<TransformerLanguageModel>(options, attention, texts);
}

}  // namespace heed
