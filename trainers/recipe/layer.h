#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "heed/trainers/recipe/recipe.h"
#include "heed/trainers/recipe/yaml_reader.h"

namespace heed {

/// A value as one file or the command line gives it, before anything is known about its key.
struct GivenValue {
    std::string key;  // dotted
    YamlEntry::Kind kind = YamlEntry::Kind::scalar;
    std::vector<std::string> items;
    Source source;
};

/// All values from one place. Later layers win.
using Layer = std::vector<GivenValue>;

/// The layers of a recipe file: the files it is based on, nearest last, then the file itself.
std::vector<Layer> file_layers(const std::string& path);

/// The layer of a recipe's text, which may not have a base.
Layer text_layer(std::string_view text, const std::string& name);

/// The layer of the overrides ("model.dim=64").
Layer override_layer(const std::vector<std::string>& overrides);

/// Holds the layers against what recipes know; `path` names the recipe in errors that have no line.
Recipe resolve_layers(const RecipeSpec& spec, const std::string& path, const std::vector<Layer>& layers);

}  // namespace heed
