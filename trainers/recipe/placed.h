#pragma once

#include "heed/core/error.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Runs `make`, whose errors get the place of the setting that they name.
template <class Make>
auto placed(const Recipe& recipe, const Make& make) {
    try {
        return make();
    } catch (const UserError& error) {
        throw UserError(recipe.placed(error.what()));
    }
}

}  // namespace heed
