#pragma once

#include <vector>

#include "heed/datasets/text/text_data.h"
#include "heed/trainers/loop/evaluation.h"
#include "heed/trainers/report/report.h"
#include "heed/trainers/texts/word_importance.h"

namespace heed {

/// Adds the result of a classifier of texts and what is shown of it: confusion matrix, or a table of the labels where a
/// text can have several; texts that it got wrong; the importance of words.
void add_text_sections(ReportInput& input, const TextData& data, const Evaluation& test,
                       const std::vector<ImportantWords>& texts);

}  // namespace heed
