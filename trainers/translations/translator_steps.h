#pragma once

#include <vector>

#include "heed/core/tensor/tensor.h"
#include "heed/layers/models/translator.h"
#include "heed/trainers/decoding/step_model.h"

namespace heed {

/// A batch of sentences that a translator is writing.
class TranslatorSteps final : public StepModel {
public:
    /// `encoded` is what model.encode made of the sources, source_lengths i32 [rows]. Memory is taken for
    /// `expected_tokens` at once.
    TranslatorSteps(Translator& model, const Tensor& encoded, const Tensor& source_lengths, int64_t vocabulary,
                    int64_t expected_tokens);

    int64_t vocabulary() const override { return vocabulary_; }
    std::span<const float> step(std::span<const int32_t> tokens) override;
    void reorder(std::span<const int64_t> rows) override;

private:
    Translator& model_;
    Context& context_;
    int64_t vocabulary_;
    DecoderState state_;
    std::vector<float> values_;
};

}  // namespace heed
