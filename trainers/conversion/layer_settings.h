#pragma once

#include <string>
#include <vector>

#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Settings of attention that were meant for a whole model ("attention.type=smyrf", "attention.cluster=32",
/// "attention.cross.type=super") as settings of some of its layers, by their names ("encoder.layers.3.attention" gives
/// "attention.layers.3.type=smyrf" and so on; where places have sections of their own "attention.encoder.layers.3...").
/// Settings of a place count for its layers alone, and where it has a type of its own only these do; all that are none
/// of attention stay as they are. Throws UserError where one is of single layers already.
std::vector<std::string> settings_for_layers(const std::vector<std::string>& settings, const Recipe& recipe,
                                             const std::vector<std::string>& layers);

/// The place of a layer by its name: "encoder", "decoder" or "cross".
std::string place_of_layer(const std::string& layer);

/// What a recipe says of a layer, type and all settings: "smyrf, bias=true, ...". Equal texts are equal attention.
std::string attention_of_layer(const Recipe& recipe, const std::string& layer);

}  // namespace heed
