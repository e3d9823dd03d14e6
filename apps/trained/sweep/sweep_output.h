#pragma once

#include <string>

#include "heed/apps/trained/sweep/sweep_table.h"

namespace heed {

void print_sweep(const SweepTable& table);

/// A JSON object a line, with the name of the split.
void print_sweep_json(const SweepTable& table, const std::string& split);

/// A page with charts over the places and the table.
std::string sweep_page(const SweepTable& table);

}  // namespace heed
