#include "heed/trainers/conversion/layer_settings.h"

#include <algorithm>
#include <array>

#include "heed/core/error.h"
#include "heed/trainers/recipe/setting_key.h"

namespace heed {

namespace {

constexpr std::array places = {"encoder", "decoder", "cross"};
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

}  // namespace

std::string place_of_layer(const std::string& layer) {
    if (layer.ends_with(".cross_attention")) return "cross";
    return layer.ends_with(".self_attention") ? "decoder" : "encoder";
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
        for (const std::string place : places) {
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
