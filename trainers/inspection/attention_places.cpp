#include "heed/trainers/inspection/attention_places.h"

#include "heed/trainers/kinds/data_kind.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed {

namespace {

std::string type_at(const Recipe& recipe, const std::string& place) {
    const std::string& own = recipe.section("attention." + place).choice();
    return own == "same" ? recipe.section("attention").choice() : own;
}

}  // namespace

std::string attention_text(const Recipe& recipe) {
    const std::string& all = recipe.section("attention").choice();
    if (data_kind_of(recipe) != data_kind::translations) return all;
    std::string text, separator;
    bool same = true;
    for (const std::string place : {"encoder", "decoder", "cross"}) {
        same = same && recipe.section("attention." + place).choice() == "same";
        text += separator + type_at(recipe, place) + " (" + place + ")";
        separator = ", ";
    }
    return same ? all : text;
}

std::string cross_attention_remark(const Recipe& recipe) {
    const std::string type = type_at(recipe, "cross");
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
