#include "heed/layers/token_input.h"

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/tokens/tokens.h"

namespace heed {

TokenInput::TokenInput(Embedding& table, const TokenInputSettings& settings)
    : table_(table),
      max_tokens_(settings.max_tokens),
      scale_(settings.scale),
      token_dropout_(settings.token_dropout),
      dropout_(settings.dropout) {
    if (max_tokens_ < 1) throw UserError("expected a model of at least one token, got " + std::to_string(max_tokens_));
    if (settings.class_token) {
        class_token_ = std::make_unique<Parameter>(Shape{table.dim()}, Initializer::normal(0.02f), false);
        add("class_token", *class_token_);
    }
    if (settings.positions != "none" && settings.positions != "rotary") {
        const int64_t length = max_tokens_ + (settings.class_token ? 1 : 0);
        positions_ = std::make_unique<Positions>(length, table.dim(), settings.positions);
        add("positions", *positions_);
    }
    if (settings.token_types > 0) {
        token_types_ = std::make_unique<Embedding>(settings.token_types, table.dim());
        add("token_types", *token_types_);
    }
    if (settings.norm) {
        norm_ = std::make_unique<LayerNorm>(table.dim(), settings.norm_epsilon);
        add("norm", *norm_);
    }
    add("token_dropout", token_dropout_);
    add("dropout", dropout_);
}

void TokenInput::check_length(int64_t tokens) const {
    if (tokens <= max_tokens_) return;
    throw UserError("the model takes texts of at most " + std::to_string(max_tokens_) + " tokens, got " +
                    std::to_string(tokens));
}

Variable TokenInput::added(Context& context) {
    const Variable places = positions_ ? positions_->forward(context) : Variable();
    if (!token_types_) return places;
    const int64_t length = places.defined() ? places.shape()[0] : max_tokens_ + (class_token_ ? 1 : 0);
    const Variable types = token_types_->forward(Tensor::zeros(context, {length}, DType::i32));
    return places.defined() ? ::heed::add(places, types) : types;
}

Variable TokenInput::forward(const Tensor& ids, const ForwardState& state) {
    check_length(ids.shape()[1]);
    Variable x = token_dropout_.forward(table_.forward(ids, scale_), state);
    const Variable places = added(ids.context());
    if (class_token_ || places.defined()) {
        x = assemble_tokens(x, class_token_ ? class_token_->variable() : Variable(), places);
    }
    if (norm_) x = norm_->forward(x);
    return dropout_.forward(x, state);
}

Tensor TokenInput::step(const Tensor& ids, int64_t position) {
    check_rank("text input", "ids", ids.shape(), 2);
    const int64_t tokens = ids.shape()[1];
    check_length(position + tokens);
    const NoGradient guard(ids.context());
    Variable x = table_.forward(ids, scale_);
    const Variable places = added(ids.context());
    if (places.defined()) x = assemble_tokens(x, Variable(), Variable(places.value().slice(position, tokens)));
    return (norm_ ? norm_->forward(x) : x).value();
}

void check_texts(const char* model, const Tensor& ids, const Tensor& lengths) {
    check_dtype(model, "ids", ids, DType::i32);
    check_rank(model, "ids", ids.shape(), 2);
    check_dtype(model, "lengths", lengths, DType::i32);
    check_shape(model, "lengths", lengths.shape(), {ids.shape()[0]});
    check_indices(model, "lengths", lengths, 0, ids.shape()[1] + 1);
}

}  // namespace heed
