#pragma once

#include <cstdint>
#include <string_view>

#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Bytes of memory at the peak of a training step over micro-batches of `samples` samples of the greatest length:
/// weights, gradients, optimizer, average, activations. Takes the step on the device `shapes`, where it needs no memory
/// and no time whatever the size; on another device it is taken in earnest. Throws UserError when the settings do not
/// fit each other or the data.
double training_peak_bytes(const Recipe& recipe, const DataFacts& facts, int64_t samples,
                           std::string_view device = "shapes");

}  // namespace heed
