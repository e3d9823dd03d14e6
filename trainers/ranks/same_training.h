#pragma once

#include <string>

#include "heed/core/module/parameter_store.h"
#include "heed/core/ranks/communicator.h"
#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Throw on every rank (rank 0 UserError, the others OtherRankError) where a rank is not in the same training as rank
/// 0, naming what differs.

/// Program (`commit`: of its source), instruction set - another one rounds updates otherwise - and recipe, but for
/// threads and data.root.
void check_same_recipe(Communicator& ranks, const Recipe& recipe, const std::string& commit);

/// The number of threads, where results are to have the same bits.
void check_same_threads(Communicator& ranks);

/// The samples, by their checksums, and all else that is known of them.
void check_same_data(Communicator& ranks, const DataFacts& facts);

/// The weights, the teacher, by the checksum of its file (empty: none), and the number of steps that are done.
void check_same_weights(Communicator& ranks, const ParameterStore& store, const std::string& teacher, int64_t step);

}  // namespace heed
