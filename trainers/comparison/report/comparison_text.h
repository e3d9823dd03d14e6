#pragma once

#include <string>
#include <vector>

#include "heed/trainers/comparison/comparison.h"

namespace heed {

/// A table as rows of cells, the first of which are the names of the columns.
using TextTable = std::vector<std::vector<std::string>>;

/// Each contender with its quality and costs.
TextTable result_table(const Comparison& comparison);

/// Each claim with its verdict.
TextTable claim_table(const Comparison& comparison);

/// Columns in line: the first to the left, the others to the right.
std::string aligned(const TextTable& table);

std::string markdown(const TextTable& table);

/// How the verdicts come about: margin, confidence, correction. Sentences.
std::string claim_method(const Comparison& comparison);

/// The comparison as a document.
std::string comparison_markdown(const Comparison& comparison);

}  // namespace heed
