#pragma once

#include <string>

#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// A trained model of another kind that a training begins with.
struct OtherModel {
    std::string name;  ///< as errors call it: the run folder or checkpoint
    const Recipe& recipe;
    const DataFacts& facts;
};

}  // namespace heed
