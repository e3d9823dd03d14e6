#include "heed/trainers/hugging_face/architectures/exported_settings.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/core/settings/number_text.h"
#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

double real_setting(const Recipe& recipe, const std::string& section, const std::string& leaf) {
    double value = 0.0;
    if (!parse_double(recipe.value(section, leaf), value)) throw Error(section + "." + leaf + " is no number");
    return value;
}

std::string differing_setting(const TrainedModel& model,
                              const std::vector<std::pair<std::string, std::string>>& wanted) {
    for (const auto& [key, value] : wanted) {
        if (key == "attention.type" && attention_text(model.recipe) != value) {
            return fmt::format("its attention is {}, expected {}", attention_text(model.recipe), value);
        }
        if (key == "attention.type" && model.recipe.value("attention", "bias") != "true") {
            return "attention.bias is false, expected true";
        }
        if (key == "attention.type") continue;
        const size_t dot = key.rfind('.');
        const std::string has = model.recipe.value(key.substr(0, dot), key.substr(dot + 1));
        if (has != value) return fmt::format("{} is {}, expected {}", key, has, value);
    }
    return "";
}

void add_class_names(nlohmann::ordered_json& config, const std::vector<std::string>& classes) {
    for (size_t i = 0; i < classes.size(); ++i) {
        config["id2label"][std::to_string(i)] = classes[i];
        config["label2id"][classes[i]] = i;
    }
}

}  // namespace heed
