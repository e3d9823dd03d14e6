#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heed/datasets/text/parallel_data.h"
#include "heed/trainers/loop/evaluation.h"

namespace heed {

/// The names of all metrics that these functions can add.
std::vector<std::string> translation_score_names();

/// Scores result.translations, one for each of the texts, by ScoreOptions::metrics: adds the values to `more` and a
/// line with a signature each to `remarks`. The single reference of a text is its first; scores with all references
/// stand beside where a text has several. ROUGE is out of 100, as BLEU and chrF are, and its names alone are those of
/// F1.
void add_translation_scores(Evaluation& result, const std::vector<std::string>& metrics, const ReferenceText& texts);

/// What a result has of BLEU, chrF and ROUGE, as reader's label and value, in the order in which they were added:
/// ("ROUGE-1", 34.9). Precision, recall and scores with several references are left out.
std::vector<std::pair<std::string, double>> labelled_scores(const Evaluation& result);

}  // namespace heed
