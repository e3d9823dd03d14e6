#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/explanation/explanation.h"
#include "heed/trainers/explanation/head_means.h"

namespace heed {

/// "1 token", "3 tokens"; of an image patches.
std::string counted_units(const ExplainedInput& input, int64_t count);

/// A unit's name for the reader: SentencePiece's sign for a blank, a thick rule in most fonts, is a dot.
std::string unit_label(const std::string& name);

/// "encoder layer 1, head 3".
std::string head_label(const HeadExplanation& head);

/// "without 2 tokens the prediction is another one: good film (found in the order of ...; no smaller set does)".
std::string set_sentence(const ExplainedInput& input, TokenSetKind kind, const TokenSets& sets);

/// "taken from the keys" or "replaced".
const char* removal_text(Removal removal);

/// Over all rows of all heads: "83.2 % of 4,096 rows change; mean total variation 0.0312, at most 0.21 in encoder layer
/// 1, head 3 (means of a head)".
std::string changed_rows_sentence(const std::vector<HeadExplanation>& heads);

/// Says that it is a check of the implementation.
std::string check_sentence(const SubstitutionCheck& check);

/// The same of many predictions.
std::string check_counts_sentence(const SubstitutionCounts& counts);

/// What was found of a prediction, in some lines.
std::string explanation_text(const Explanation& explanation);

/// "0.0312 (0.0290 to 0.0334)"; a dash where there is no input.
std::string mean_text(const MeanOverInputs& mean, int decimals);

/// What the measures find over so many inputs, as a table.
std::string measure_table_text(Removal removal, int64_t inputs, const std::vector<MeasureResult>& results);

}  // namespace heed
