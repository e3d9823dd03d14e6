#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/datasets/text/text_data.h"
#include "heed/datasets/text/tokenizers/tokenizer.h"
#include "heed/trainers/texts/text_task.h"

namespace heed {

/// A token of a text and what it did for the prediction.
struct ImportantWord {
    std::string token;
    /// By how much the probability of the predicted class falls when the unknown token stands in its place.
    double fall = 0.0;
};

/// How a model came to its prediction of one text.
struct ImportantWords {
    std::vector<int32_t> labels;  ///< that it has
    int32_t prediction = 0;       ///< the most probable class
    double probability = 0.0;     ///< of the prediction
    std::vector<ImportantWord> words;
};

/// Some texts of the test split, of which the last ones were misclassified, with the importance of each of their words:
/// occlusion (Zeiler and Fergus, ECCV 2014). Long texts are looked at up to a limit of tokens.
std::vector<ImportantWords> important_words(TextTask& task, const Tokenizer& tokenizer, const TextSplit& test,
                                            const Evaluation& result);

}  // namespace heed
