#include "heed/trainers/inspection/attention_places.h"

#include "heed/attention/registry.h"
#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

namespace {

std::string weights_remark(const Recipe& recipe, const std::string& place) {
    std::string text;
    for (const AttentionType* type : attention_types_of(recipe, place)) {
        if (type->weights_remark[0] == '\0') continue;
        text += (text.empty() ? "" : " ") + std::string(type->name) + " " + type->weights_remark;
    }
    return text;
}

}  // namespace

std::string self_attention_remark(const Recipe& recipe) {
    return weights_remark(recipe, "");
}

std::string cross_attention_remark(const Recipe& recipe) {
    return weights_remark(recipe, "cross");
}

}  // namespace heed
