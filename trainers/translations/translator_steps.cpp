#include "heed/trainers/translations/translator_steps.h"

#include "heed/core/device/context.h"
#include "heed/trainers/decoding/log_probabilities.h"

namespace heed {

TranslatorSteps::TranslatorSteps(Translator& model, const Tensor& encoded, const Tensor& source_lengths,
                                 int64_t vocabulary, int64_t expected_tokens)
    : model_(model),
      context_(encoded.context()),
      vocabulary_(vocabulary),
      state_(model.begin_decoding(encoded, source_lengths, expected_tokens)) {}

std::span<const float> TranslatorSteps::step(std::span<const int32_t> tokens) {
    const Tensor ids = Tensor::from_host(context_, {std::ssize(tokens)}, tokens);
    values_ = log_probabilities(model_.step(state_, ids));
    return values_;
}

void TranslatorSteps::reorder(std::span<const int64_t> rows) {
    state_.reorder(std::vector<int32_t>(rows.begin(), rows.end()));
}

}  // namespace heed
