#pragma once

#include <string>

#include "heed/trainers/comparison/comparison.h"

namespace heed {

/// The comparison as one HTML page that needs no other file and no network: results, claims, quality against cost,
/// curves, how it was measured, every run, settings.
std::string comparison_page(const Comparison& comparison);

}  // namespace heed
