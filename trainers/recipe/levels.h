#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "heed/trainers/recipe/recipe.h"
#include "heed/trainers/recipe/yaml/yaml_reader.h"

namespace heed {

/// A value as one file or the command line gives it, before anything is known about its key.
struct GivenValue {
    std::string key;  // dotted
    YamlEntry::Kind kind = YamlEntry::Kind::scalar;
    std::vector<std::string> items;
    Source source;
};

/// All values from one place. Later levels win.
using RecipeLevel = std::vector<GivenValue>;

/// What errors call a file of settings, and a key that such a file has at least.
struct FileWords {
    const char* name = "recipe";
    const char* key = "model";
};

/// The levels of a recipe file, or of another that is written alike: the files it is based on, nearest last, then the
/// file itself.
std::vector<RecipeLevel> file_levels(const std::string& path, const FileWords& words = {});

/// The level of a recipe's text, which may not have a base.
RecipeLevel text_level(std::string_view text, const std::string& name);

/// The level of the overrides ("model.dim=64").
RecipeLevel override_level(const std::vector<std::string>& overrides);

/// Holds the levels against what recipes know; `path` names the recipe in errors that have no line.
Recipe resolve_levels(const RecipeSpec& spec, const std::string& path, const std::vector<RecipeLevel>& levels);

}  // namespace heed
