#include "heed/trainers/language_models/text_continuation.h"

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

TextContinuation::TextContinuation(Context& context, LanguageModel& model, int64_t window)
    : context_(context), model_(model), window_(window), state_(model.begin(context, 1, model.shape().max_tokens)) {
    const int64_t most = model.shape().max_tokens;
    if (window < 1 || window > most) {
        throw Error("a window of " + std::to_string(window) + " tokens is not from 1 to " + std::to_string(most));
    }
}

void TextContinuation::add(std::span<const int32_t> ids) {
    if (ids.empty()) throw Error("a text goes on with at least one token, got none");
    ids_.insert(ids_.end(), ids.begin(), ids.end());
    if (state_.tokens() + std::ssize(ids) <= model_.shape().max_tokens) {
        read(ids);
        return;
    }
    state_ = model_.begin(context_, 1, model_.shape().max_tokens);
    const auto kept = std::min(ids_.size(), static_cast<size_t>(window_));
    read(std::span<const int32_t>(ids_).last(kept));
}

std::span<const int32_t> TextContinuation::visible() const {
    return std::span<const int32_t>(ids_).last(static_cast<size_t>(state_.tokens()));
}

void TextContinuation::read(std::span<const int32_t> ids) {
    const Tensor tensor =
        indices_on_device(context_, "token ids", {1, std::ssize(ids)}, ids, 0, model_.shape().vocabulary);
    logits_ = model_.extend(state_, tensor).to_vector();
}

}  // namespace heed
