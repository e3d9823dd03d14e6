#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "heed/trainers/recipe/levels.h"
#include "heed/trainers/recipe/section_spec.h"

namespace heed {

/// Layers of a model, counted from 0: "4" or "4-5".
struct LayerRange {
    int64_t first = 0;
    int64_t last = 0;

    bool overlaps(const LayerRange& other) const { return first <= other.last && other.first <= last; }
};

std::optional<LayerRange> parse_layer_range(std::string_view text);

/// What stands in front of the ranges of a section with layers: "attention.layers".
std::string layers_group(const std::string& section);

/// The range of the section "attention.layers.4-5" of the section "attention"; nothing where `name` is another.
std::optional<LayerRange> layers_of(const std::string& name, const std::string& section);

/// The spec with a section for each range of layers that is given ("attention.layers.4-5"), behind the section it
/// belongs to and in the order of the layers.
RecipeSpec with_layer_sections(const RecipeSpec& spec, const std::vector<RecipeLevel>& given);

}  // namespace heed
