#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "heed/core/settings/fields.h"

namespace heed {

/// One type that a section can have, with the settings that it brings.
struct SectionChoice {
    std::string name;  // empty in a section that has only one
    std::string summary;
    std::function<std::unique_ptr<Options>()> make_options;
    std::string kind = {};  ///< of data that it is, or works with ("images"); empty: any
};

/// A group of settings of a recipe. In a typed section the key `selector` says which choice's settings apply.
struct SectionSpec {
    std::string name;  // may be dotted; empty for the keys at the top of a recipe
    std::string help;
    std::string selector;        // "type" or "name"; empty in an untyped section
    std::string default_choice;  // empty: the recipe has to choose
    std::vector<SectionChoice> choices;
    /// Two numbers that say the same in different ways, 0 meaning "as the other says": one file may give only one, and
    /// the one of the nearest level counts, which sets the other to 0.
    std::vector<std::pair<std::string, std::string>> alternatives = {};
    /// Kinds of data for which a recipe has the section; empty: all.
    std::vector<std::string> kinds = {};
    /// Whether its choice says of which kind the data are.
    bool decides_kind = false;
    /// Choices that single layers of the model can have beside it ("attention.layers.4-5"); empty: none can.
    std::vector<SectionChoice> layer_choices = {};
    /// Whether `attention.layers.4: super` stands for the choice alone.
    bool short_form = false;

    /// The choice of that name, or null.
    const SectionChoice* find(const std::string& choice) const;
    std::vector<std::string> choice_names() const;
    /// Those that work with data of that kind.
    std::vector<std::string> choice_names(const std::string& kind) const;
    bool is_for(const std::string& kind) const;
    /// The full name of a key of this section: "model.dim".
    std::string key(const std::string& leaf) const { return name.empty() ? leaf : name + "." + leaf; }
};

/// For `SectionChoice::make_options`.
template <class T>
std::unique_ptr<Options> new_options() {
    return std::make_unique<T>();
}

/// A section without a choice, whose settings are those of T.
template <class T>
SectionSpec untyped_section(const char* name, const char* help) {
    return {name, help, "", "", {{"", "", new_options<T>}}};
}

/// The entries of a registry (of models, of data sets) as choices of a section.
template <class Registry>
std::vector<SectionChoice> choices_of(const Registry& registry) {
    std::vector<SectionChoice> choices;
    for (const auto& entry : registry) choices.push_back({entry.name, entry.summary, entry.make_options});
    return choices;
}

/// All sections, in the order in which they are shown.
using RecipeSpec = std::vector<SectionSpec>;

}  // namespace heed
