#include "heed/trainers/conversion/changed_layers.h"

#include <algorithm>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/trainers/conversion/layer_settings.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/setting_key.h"

namespace heed {

namespace {

const std::string type_key = ".type";

/// Whether all layers that a setting is for have the type that it names: "attention.type=smyrf" is for all of them,
/// "attention.cross.type=smyrf" for those of a place. Layers that are named get what is asked for.
bool is_fulfilled(const std::string& setting, Module& model) {
    const std::string key = setting_key(setting), type = setting.substr(key.size() + 1);
    if (!key.starts_with("attention.") || !key.ends_with(type_key) || key.find(".layers.") != std::string::npos) {
        return true;
    }
    const std::string section = key.substr(0, key.size() - type_key.size());
    const std::vector<Attention*> layers = attention_layers(model);
    return std::all_of(layers.begin(), layers.end(), [&](const Attention* layer) {
        const bool is_meant = section == "attention" || section == "attention." + place_of_layer(layer->name());
        return !is_meant || layer->type() == type || type == "same";
    });
}

bool names_type(const std::string& setting) {
    const std::string key = setting_key(setting);
    if (!key.starts_with("attention.")) return false;
    const size_t last = key.rfind('.');
    return key.ends_with(type_key) || key.substr(0, last).ends_with(".layers");
}

}  // namespace

std::vector<std::string> changed_layers(const Recipe& before, const Recipe& now, Module& model) {
    std::vector<std::string> changed;
    for (const Attention* layer : attention_layers(model)) {
        if (attention_of_layer(before, layer->name()) != attention_of_layer(now, layer->name())) {
            changed.push_back(layer->name());
        }
    }
    return changed;
}

std::string no_layer_changes(const Recipe& before) {
    return "no layer has another type with these settings: the model has " + attention_text(before) +
           "; layers that have a type of their own get another by attention.layers (attention.layers.0-3=...)";
}

std::string check_asked_types(const std::vector<std::string>& settings, const Recipe& before, const Recipe& now,
                              Module& model) {
    if (std::none_of(settings.begin(), settings.end(), names_type)) return "";
    if (!changed_layers(before, now, model).empty()) return "";
    if (!std::all_of(settings.begin(), settings.end(),
                     [&](const std::string& setting) { return is_fulfilled(setting, model); })) {
        throw UserError(no_layer_changes(before));
    }
    return "the model has " + attention_text(before) + " attention already: nothing is swapped";
}

}  // namespace heed
