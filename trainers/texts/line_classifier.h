#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "heed/core/autograd/variable.h"
#include "heed/datasets/text/tokenizers/tokenizer.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/trainers/answers/input_lines.h"
#include "heed/trainers/run/saved_model.h"
#include "heed/trainers/texts/text_facts.h"

namespace heed {

/// A text classifier that is asked for texts as they are written.
class LineClassifier {
public:
    /// The model has to be a text classifier.
    explicit LineClassifier(SavedModel& saved);

    /// Logits [texts, classes] of at least one line. Says on standard error which are longer than what the model reads.
    /// Throws Error when a logit is not finite.
    Variable logits(std::span<const InputLine> lines) const;
    /// The same of what the head reads, [texts, features].
    Variable features(std::span<const InputLine> lines) const;

    /// The tokens of a line, as the model is given them. Says on standard error where they are cut.
    std::vector<int32_t> ids(const InputLine& line) const;
    const Tokenizer& tokenizer() const { return *tokenizer_; }

    /// Most lines that it should be given at a time: data.batch.
    size_t batch() const { return static_cast<size_t>(saved_.trained.recipe.number("data", "batch")); }
    const std::vector<std::string>& classes() const { return facts_.class_names; }
    bool several_labels() const { return facts_.several_labels; }

private:
    using Pass = Variable (TextClassifier::*)(const Tensor&, const Tensor&, const ForwardState&);
    Variable run(Pass pass, std::span<const InputLine> lines) const;

    SavedModel& saved_;
    const TextDataFacts& facts_;
    std::unique_ptr<Tokenizer> tokenizer_;
};

}  // namespace heed
