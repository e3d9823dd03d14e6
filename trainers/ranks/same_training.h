#pragma once

#include "heed/core/module/parameter_store.h"
#include "heed/core/ranks/communicator.h"
#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Throw on every rank (rank 0 UserError, the others OtherRankError) where a rank is not in the same training as rank
/// 0, naming what differs.

/// Program, instruction set - another one rounds updates otherwise - and recipe, but for threads and data.root.
void check_same_recipe(Communicator& ranks, const Recipe& recipe);

/// The samples, by their checksums, and all else that is known of them.
void check_same_data(Communicator& ranks, const DataFacts& facts);

/// The weights and the number of steps that are done.
void check_same_weights(Communicator& ranks, const ParameterStore& store, int64_t step);

}  // namespace heed
