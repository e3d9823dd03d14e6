#include "heed/trainers/recipe/attention_choice.h"

namespace heed {

namespace {

constexpr const char* same_as_all = "same";
const std::string section_of_all = "attention";

struct NoOptions final : Options {
    void describe(Fields&) override {}
};

/// The section that decides for a place.
std::string deciding_section(const Recipe& recipe, const std::string& place) {
    if (place.empty()) return section_of_all;
    std::string own = section_of_all + "." + place;
    return recipe.section(own).choice() == same_as_all ? section_of_all : own;
}

}  // namespace

std::vector<SectionChoice> attention_choices() {
    std::vector<SectionChoice> choices;
    for (const AttentionType& type : attention_types()) choices.push_back({type.name, type.summary, type.make_options});
    return choices;
}

SectionSpec attention_section(const char* place, const char* help) {
    SectionSpec spec = {section_of_all + "." + place,
                        help,
                        "type",
                        same_as_all,
                        {{same_as_all, "what attention says", new_options<NoOptions>}}};
    for (SectionChoice& choice : attention_choices()) spec.choices.push_back(std::move(choice));
    return spec;
}

const std::string& attention_name(const Recipe& recipe, const std::string& place) {
    return recipe.section(deciding_section(recipe, place)).choice();
}

AttentionChoice attention_choice(const Recipe& recipe, const std::string& place) {
    return {&attention_type(attention_name(recipe, place)),
            &recipe.options<AttentionOptions>(deciding_section(recipe, place))};
}

std::string attention_text(const Recipe& recipe) {
    std::string text;
    bool same = true;
    for (const Section& section : recipe.sections()) {
        if (!section.name().starts_with(section_of_all + ".")) continue;
        const std::string place = section.name().substr(section_of_all.size() + 1);
        same = same && section.choice() == same_as_all;
        text += (text.empty() ? "" : ", ") + attention_name(recipe, place) + " (" + place + ")";
    }
    return same ? attention_name(recipe) : text;
}

}  // namespace heed
