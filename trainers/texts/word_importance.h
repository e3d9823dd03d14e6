#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/datasets/text/tokenizers/tokenizer.h"
#include "heed/trainers/texts/text_task.h"

namespace heed {

/// A token of a text, or some neighbours, and what they did for the prediction.
struct ImportantWord {
    std::string text;
    /// By how much the probability of the predicted class falls when unknown tokens stand in their place.
    double fall = 0.0;
};

/// How a model came to its prediction of one text.
struct ImportantWords {
    std::vector<int32_t> labels;  ///< that it has
    int32_t prediction = 0;       ///< the most probable class
    double probability = 0.0;     ///< of the prediction
    int64_t tokens_a_word = 1;    ///< neighbours that are replaced at once
    std::vector<ImportantWord> words;
};

/// Words of a text whose importance is measured; each takes a forward pass over it.
inline constexpr int64_t most_important_words = 256;

/// Some texts of the test split, of which the last ones were misclassified, with the importance of each of their words:
/// occlusion (Zeiler and Fergus, ECCV 2014). All tokens that the model reads are looked at; in texts of more than
/// `most_important_words` some neighbours at once.
std::vector<ImportantWords> important_words(TextTask& task, const Tokenizer& tokenizer, const Evaluation& test);

}  // namespace heed
