#include "heed/trainers/inspection/attention_places.h"

#include "heed/attention/registry.h"
#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

namespace {

std::string weights_remark(const std::string& name) {
    const AttentionType& type = attention_type(name);
    return type.weights_remark[0] == '\0' ? "" : std::string(type.name) + " " + type.weights_remark;
}

}  // namespace

std::string self_attention_remark(const Recipe& recipe) {
    return weights_remark(attention_name(recipe));
}

std::string cross_attention_remark(const Recipe& recipe) {
    return weights_remark(attention_name(recipe, "cross"));
}

}  // namespace heed
