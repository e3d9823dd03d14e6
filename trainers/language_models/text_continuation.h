#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/layers/models/language_model.h"

namespace heed {

/// A text of tokens that a model goes on with. The first are read in one pass where the attention has one, the others
/// one by one with its caches. Where the model can read no more, it forgets all but the last `window` tokens, which it
/// then reads again from position 0.
class TextContinuation {
public:
    /// `window` is from 1 to model.shape().max_tokens.
    TextContinuation(Context& context, LanguageModel& model, int64_t window);

    /// Adds tokens, at least one.
    void add(std::span<const int32_t> ids);

    /// Logits of the next token, [vocabulary].
    const std::vector<float>& logits() const { return logits_; }
    /// All tokens so far, and the last of them, which logits() depend on.
    std::span<const int32_t> ids() const { return ids_; }
    std::span<const int32_t> visible() const;

private:
    void read(std::span<const int32_t> ids);

    Context& context_;
    LanguageModel& model_;
    int64_t window_;
    LanguageState state_;
    std::vector<int32_t> ids_;
    std::vector<float> logits_;
};

}  // namespace heed
