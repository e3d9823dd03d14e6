#include "heed/trainers/conversion/layer_settings.h"

#include <algorithm>
#include <array>

#include "heed/core/error.h"
#include "heed/trainers/recipe/layer_sections.h"
#include "heed/trainers/recipe/setting_key.h"

namespace heed {

namespace {

constexpr std::array place_names = {"encoder", "decoder", "cross"};
const std::string prefix = "attention.";

bool has_places(const Recipe& recipe) {
    return std::any_of(recipe.sections().begin(), recipe.sections().end(),
                       [](const Section& section) { return section.name() == "attention.encoder"; });
}

/// "3" of "encoder.layers.3.attention".
std::string number_of_layer(const std::string& layer) {
    const size_t begin = layer.find(".layers.") + std::string(".layers.").size();
    return layer.substr(begin, layer.find('.', begin) - begin);
}

/// The first section that holds a layer, among those of single layers of `name`; null: none does.
const Section* section_of_layer(const Recipe& recipe, const std::string& name, int64_t layer) {
    for (const Section& section : recipe.sections()) {
        const auto range = layers_of(section.name(), name);
        if (range && range->first <= layer && layer <= range->last) return &section;
    }
    return nullptr;
}

}  // namespace

std::string place_of_layer(const std::string& layer) {
    if (layer.ends_with(".cross_attention")) return "cross";
    return layer.ends_with(".self_attention") ? "decoder" : "encoder";
}

std::string attention_of_layer(const Recipe& recipe, const std::string& layer) {
    const Section& all = recipe.section("attention");
    const Section& own = has_places(recipe) ? recipe.section(prefix + place_of_layer(layer)) : all;
    const int64_t number = std::stoll(number_of_layer(layer));
    const bool same = own.choice() == "same";
    const Section* section = section_of_layer(recipe, own.name(), number);
    if (section == nullptr && same) section = section_of_layer(recipe, all.name(), number);
    if (section == nullptr) section = same ? &all : &own;
    std::string text = section->choice();
    for (const Field& field : section->fields()) text += ", " + field.name() + "=" + field.value_text();
    return text;
}

std::vector<std::string> settings_for_layers(const std::vector<std::string>& settings, const Recipe& recipe,
                                             const std::vector<std::string>& layers) {
    const bool by_place = has_places(recipe);
    std::vector<std::string> all;
    for (const std::string& setting : settings) {
        const std::string key = setting_key(setting);
        if (!key.starts_with(prefix)) {
            all.push_back(setting);
            continue;
        }
        if (key.find(".layers.") != std::string::npos) {
            throw UserError("layers are chosen by --sensitivity itself, got " + key);
        }
        std::string rest = setting.substr(prefix.size());
        std::string only;
        for (const std::string place : place_names) {
            if (!rest.starts_with(place + ".")) continue;
            only = place;
            rest = rest.substr(place.size() + 1);
        }
        for (const std::string& layer : layers) {
            const std::string place = place_of_layer(layer);
            const std::string own_type = prefix + place + ".type=";
            const bool has_own = std::any_of(settings.begin(), settings.end(),
                                             [&](const std::string& each) { return each.starts_with(own_type); });
            if (only.empty() ? has_own : only != place) continue;
            all.push_back(prefix + (by_place ? place + "." : "") + "layers." + number_of_layer(layer) + "." + rest);
        }
    }
    return all;
}

}  // namespace heed
