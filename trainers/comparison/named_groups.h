#pragma once

#include <string>
#include <vector>

#include "heed/core/settings/fields.h"
#include "heed/trainers/recipe/levels.h"

namespace heed {

/// A section that holds sections whose names its file chooses, and no settings of its own.
struct NoSettings final : Options {
    void describe(Fields&) override {}
};

/// "claims.smaller" for each group of keys below "claims", in the order in which they are given first.
std::vector<std::string> named_groups(const std::vector<RecipeLevel>& levels, const std::string& section);

}  // namespace heed
