#include "heed/trainers/inspection/attention_places.h"

#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

std::string cross_attention_remark(const Recipe& recipe) {
    const std::string& type = attention_name(recipe, "cross");
    if (type == "smyrf")
        return "smyrf leaves out the pairs of tokens that lie in no common cluster: they have the weight 0.";
    if (type == "super") {
        return "super weights mixtures of all source tokens, not the tokens themselves: at the start of a training "
               "these "
               "are nearly the same, later a weight need not belong to the word that stands at its place.";
    }
    return "";
}

}  // namespace heed
