#pragma once

#include <cstdint>
#include <string>

#include "heed/trainers/recipe/recipe.h"

namespace heed {

// What there is to say of a recipe's schedule once the number of steps, and of those of an epoch, is known.

/// Throws UserError, with the place of a setting, where every step has a learning rate of 0.
void check_schedule(const Recipe& recipe, int64_t total_steps, int64_t epoch_steps);

/// A line about a warm-up that does not end within the training, or nothing.
std::string schedule_warning(const Recipe& recipe, int64_t total_steps, int64_t epoch_steps);

}  // namespace heed
