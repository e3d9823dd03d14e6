#include "heed/trainers/recipe/attention_choice.h"

#include <algorithm>

#include "heed/trainers/recipe/layer_sections.h"

namespace heed {

namespace {

constexpr const char* same_as_all = "same";
const std::string section_of_all = "attention";

struct NoOptions final : Options {
    void describe(Fields&) override {}
};

std::vector<SectionChoice> choices() {
    std::vector<SectionChoice> choices;
    for (const AttentionType& type : attention_types()) choices.push_back({type.name, type.summary, type.make_options});
    return choices;
}

AttentionChoice choice_of(const Recipe& recipe, const Section& section) {
    return {&attention_type(section.choice()), &recipe.options<AttentionOptions>(section.name()),
            section.name() + "." + section.selector()};
}

/// Adds the layers that a section names.
void add_layers(StackAttention& attention, const Recipe& recipe, const std::string& name) {
    for (const Section& section : recipe.sections()) {
        const auto range = layers_of(section.name(), name);
        if (!range) continue;
        attention.ranges.push_back({.first = range->first,
                                    .last = range->last,
                                    .choice = choice_of(recipe, section),
                                    .key = section.name() + "." + section.selector()});
    }
}

/// "sdpa (encoder, smyrf in layers 4-5)"
std::string stack_text(const StackAttention& attention, const std::string& place = "") {
    std::string more = place;
    for (const StackAttention::Range& range : attention.ranges) {
        more += (more.empty() ? "" : ", ") + std::string(range.choice.type->name);
        more += range.first == range.last
                    ? " in layer " + std::to_string(range.first)
                    : " in layers " + std::to_string(range.first) + "-" + std::to_string(range.last);
    }
    return attention.all.type->name + (more.empty() ? "" : " (" + more + ")");
}

/// The places that the recipe's kind of model has.
std::vector<std::string> places_of(const Recipe& recipe) {
    std::vector<std::string> places;
    for (const Section& section : recipe.sections()) {
        const std::string& name = section.name();
        if (!name.starts_with(section_of_all + ".") || name.find('.', section_of_all.size() + 1) != std::string::npos) {
            continue;
        }
        places.push_back(name.substr(section_of_all.size() + 1));
    }
    return places;
}

}  // namespace

SectionSpec attention_section() {
    SectionSpec spec = {section_of_all, "The attention of all its layers.", "type", "sdpa", choices()};
    spec.layer_choices = choices();
    return spec;
}

SectionSpec attention_section(const char* place, const char* help) {
    SectionSpec spec = {section_of_all + "." + place,
                        help,
                        "type",
                        same_as_all,
                        {{same_as_all, "what attention says", new_options<NoOptions>}}};
    spec.layer_choices = choices();
    spec.choices.insert(spec.choices.end(), spec.layer_choices.begin(), spec.layer_choices.end());
    return spec;
}

StackAttention stack_attention(const Recipe& recipe, const std::string& place) {
    StackAttention attention;
    const Section& all = recipe.section(section_of_all);
    const Section& own = place.empty() ? all : recipe.section(section_of_all + "." + place);
    const bool same = own.choice() == same_as_all;
    attention.all = choice_of(recipe, same ? all : own);
    if (same) attention.all.key += ", which holds for " + own.name() + " as well";
    add_layers(attention, recipe, own.name());
    if (same) add_layers(attention, recipe, all.name());
    return attention;
}

std::vector<const AttentionType*> attention_types_of(const Recipe& recipe, const std::string& place) {
    std::vector<const AttentionType*> types;
    const auto add = [&](const AttentionChoice& choice) {
        if (std::find(types.begin(), types.end(), choice.type) == types.end()) types.push_back(choice.type);
    };
    const StackAttention attention = stack_attention(recipe, place);
    add(attention.all);
    for (const StackAttention::Range& range : attention.ranges) add(range.choice);
    return types;
}

std::string attention_text(const Recipe& recipe) {
    const std::string of_all = stack_text(stack_attention(recipe));
    std::string text;
    bool same = true;
    for (const std::string& place : places_of(recipe)) {
        const StackAttention own = stack_attention(recipe, place);
        same = same && stack_text(own) == of_all;
        text += (text.empty() ? "" : ", ") + stack_text(own, place);
    }
    return same ? of_all : text;
}

}  // namespace heed
