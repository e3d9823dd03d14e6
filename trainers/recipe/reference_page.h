#pragma once

#include <string>

#include "heed/trainers/recipe/section_spec.h"

namespace heed {

/// Everything a recipe can say, as Markdown: one table a section and type with each key's type, default, range and
/// help.
std::string reference_page(const RecipeSpec& spec);

/// The same as one short line a key, for --help.
std::string settings_list(const RecipeSpec& spec);

}  // namespace heed
