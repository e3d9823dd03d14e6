#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heed/trainers/metrics/classification.h"
#include "heed/trainers/metrics/confusion_counts.h"

namespace heed {

/// One sample that was classified wrongly.
struct Mistake {
    int64_t index = 0;  ///< position in the split
    int32_t label = 0;
    int32_t prediction = 0;
    double probability = 0.0;  ///< that the model gave its prediction
};

/// One sample that was given other labels than it has, where it can have several.
struct LabelMistake {
    int64_t index = 0;             ///< position in the split
    std::vector<int32_t> missing;  ///< labels that it has and was not given
    std::vector<int32_t> wrong;    ///< labels that it was given and does not have
    double probability = 0.0;      ///< that the model gave the most certain of these decisions
};

/// Results on a whole split.
struct Evaluation {
    double loss = 0.0;  ///< mean cross-entropy, without label smoothing and class weights; of forecasts squared error
    double accuracy = 0.0;                 ///< fraction; where a sample can have several labels, of which all are right
    bool has_accuracy = true;              ///< false where answers are not right or wrong, as those of forecasters
    double score = 0.0;                    ///< by which models are compared: the more, the better
    std::string compared_by = "accuracy";  ///< the name of that: score is its value, or minus it for "loss"
    int64_t count = 0;                     ///< what loss and accuracy are means over
    /// Other metrics by their names in metrics.jsonl ("f1").
    std::vector<std::pair<std::string, double>> more = {};
    ConfusionCounts confusion = {};                 ///< of no classes: none
    std::vector<Mistake> mistakes;                  ///< the most certain ones first
    std::vector<ClassScore> labels = {};            ///< of each label where a sample can have several
    std::vector<LabelMistake> label_mistakes = {};  ///< the most certain ones first
    double seconds = 0.0;
    /// Lines for the log: metrics with their signatures.
    std::vector<std::string> remarks = {};
    bool remarks_tell_all = false;               ///< whether they have the metrics of `more`
    std::vector<std::string> translations = {};  ///< of the sources of the split, in order; empty: not translated
};

/// What a metric that scores written texts, out of 100, is called: "BLEU" for "bleu", "ROUGE-L" for "rougeL"; empty for
/// other metrics.
std::string score_label(std::string_view metric);

/// A score by which models are compared, in words: "97.12 %", "37.11" of BLEU, "1.2345" of a loss.
std::string score_text(std::string_view compared_by, double score);

}  // namespace heed
