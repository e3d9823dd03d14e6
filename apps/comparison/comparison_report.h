#pragma once

#include <string>

#include "heed/trainers/comparison/comparison.h"

namespace heed {

/// Writes comparison.html, .md, .csv and .json into a folder, each atomically.
void write_comparison(const Comparison& comparison, const std::string& folder);

/// Prints results and claims as tables.
void print_comparison(const Comparison& comparison);

/// Prints what is worth knowing of contenders at the length of the data, a line each.
void print_remarks(const Comparison& comparison);

/// What a reader has to know of the numbers of any comparison, a sentence or some each.
std::vector<std::string> notes_on_numbers(const Comparison& comparison);

}  // namespace heed
