#include "heed/trainers/inspection/attention_places.h"

#include "heed/attention/registry.h"
#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

std::string cross_attention_remark(const Recipe& recipe) {
    const AttentionType& type = attention_type(attention_name(recipe, "cross"));
    return type.weights_remark[0] == '\0' ? "" : std::string(type.name) + " " + type.weights_remark;
}

}  // namespace heed
