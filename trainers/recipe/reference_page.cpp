#include "heed/trainers/recipe/reference_page.h"

#include <algorithm>

#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/recipe/layer_sections.h"

namespace heed {
namespace {

constexpr const char* introduction = R"(# Recipe reference

Written by `heed help recipe`; do not edit by hand.

A recipe is a YAML file of the sections below, each with keys and values; what it leaves out has the default. Any value
can be given on the command line as `section.key=value`. `base: other.yaml` (or a list, nearest last), relative to the
recipe, takes the values of other recipes first: default < base < recipe < command line. Other paths are relative to the
folder in which `heed` is called. `heed check RECIPE` shows every value and where it came from.

Numbers are decimal. A *span* is a number of optimizer steps (`500`), a share of all of them (`5%`) or of the data
(`2 epochs`). Lists are `[a, b]`.
)";

std::string escaped(const std::string& text) {
    std::string result;
    for (char c : text) {
        if (c == '|' || c == '<' || c == '*') result += '\\';
        result += c;
    }
    return result;
}

std::string code(const std::string& text) {
    return "`" + text + "`";
}

std::string allowed(const Field& field) {
    if (!field.choices().empty()) {
        std::vector<std::string> choices = field.choices();
        for (std::string& choice : choices) choice = code(choice);
        return listed(choices, ", ");
    }
    return field.range_text();
}

std::string field_rows(const SectionSpec& spec, const SectionChoice& choice) {
    const auto options = choice.make_options();
    Fields fields;
    options->describe(fields);
    if (fields.names().empty()) return "No settings of its own.\n";
    std::string text = "| key | type | default | allowed | meaning |\n|---|---|---|---|---|\n";
    for (const Field& field : fields) {
        const std::string standard = field.default_text().empty() ? "" : code(field.default_text());
        const std::string unit = field.unit().empty() ? "" : ", " + field.unit();
        text += "| " + code(spec.key(field.name())) + " | " + field.type_name() + unit + " | " + standard + " | " +
                allowed(field) + " | " + escaped(field.help()) + " |\n";
    }
    return text;
}

std::string layers_text(const SectionSpec& spec) {
    std::vector<std::string> choices;
    for (const SectionChoice& choice : spec.layer_choices) choices.push_back(choice.name);
    const std::string group = layers_group(spec.name);
    return "\n### " + code(group) + "\n\nOther choices for some of the layers, counted from 0: " +
           code(group + ": {0-1: " + choices.front() + ", 4: {" + spec.selector + ": " + choices.back() + "}}") +
           ", on the command line " + code(group + ".0-1=" + choices.front()) + " and " +
           code(group + ".4." + spec.selector + "=" + choices.back()) + ". Each is one of " + listed(choices, ", ") +
           " with the settings above, whose defaults it has.\n";
}

std::string typed_section(const SectionSpec& spec) {
    const std::string key = spec.key(spec.selector);
    const std::string standard =
        spec.default_choice.empty() ? "it has to be given" : "default " + code(spec.default_choice);
    std::string text = code(key) + " chooses what the other keys of the section are (" + standard + "):\n\n";
    text += "| " + code(key) + " | |\n|---|---|\n";
    for (const SectionChoice& choice : spec.choices) {
        text += "| " + code(choice.name) + " | " + escaped(choice.summary) + " |\n";
    }
    for (const SectionChoice& choice : spec.choices) {
        text += "\n### " + code(key + ": " + choice.name) + "\n\n" + field_rows(spec, choice);
    }
    if (!spec.layer_choices.empty()) text += layers_text(spec);
    return text;
}

/// A key of a section with what it means for which of the section's choices.
struct SharedKey {
    std::string leaf, standard;  ///< and the default of the first choice that has it
    struct Meaning {
        std::string help;
        std::vector<std::string> choices;
    };
    std::vector<Meaning> meanings;
};

std::vector<SharedKey> shared_keys(const SectionSpec& section) {
    std::vector<SharedKey> keys;
    for (const SectionChoice& choice : section.choices) {
        const auto options = choice.make_options();
        Fields fields;
        options->describe(fields);
        for (const Field& field : fields) {
            auto key =
                std::find_if(keys.begin(), keys.end(), [&](const auto& each) { return each.leaf == field.name(); });
            if (key == keys.end()) key = keys.insert(key, {field.name(), field.default_text(), {}});
            auto meaning = std::find_if(key->meanings.begin(), key->meanings.end(),
                                        [&](const auto& each) { return each.help == field.help(); });
            if (meaning == key->meanings.end()) meaning = key->meanings.insert(meaning, {field.help(), {}});
            meaning->choices.push_back(choice.name);
        }
    }
    return keys;
}

}  // namespace

std::string reference_page(const RecipeSpec& spec) {
    std::string text = introduction;
    for (const SectionSpec& section : spec) {
        text += "\n## " + (section.name.empty() ? "At the top" : code(section.name)) + "\n\n" + section.help + "\n\n";
        text += section.selector.empty() ? field_rows(section, section.choices.front()) : typed_section(section);
    }
    return text;
}

std::string settings_list(const RecipeSpec& spec) {
    constexpr size_t help_column = 36;
    constexpr size_t most_named_choices = 6;  // a meaning that more have is the usual one
    std::string text = "Settings and their defaults (heed help recipe tells more):\n";
    const auto add = [&](const std::string& start, const std::string& help) {
        const size_t gap = start.size() + 2 < help_column ? help_column - start.size() : 2;
        text += "  " + start + std::string(gap, ' ') + help + "\n";
    };
    for (const SectionSpec& section : spec) {
        if (!section.selector.empty()) {
            add(section.key(section.selector) + "=" + section.default_choice, listed(section.choice_names(), ", "));
        }
        for (const SharedKey& key : shared_keys(section)) {
            std::string start = section.key(key.leaf) + "=" + key.standard;
            for (const SharedKey::Meaning& meaning : key.meanings) {
                const bool is_common = key.meanings.size() == 1 || meaning.choices.size() > most_named_choices;
                add(start, (is_common ? "" : listed(meaning.choices, ", ") + ": ") + meaning.help);
                start.clear();
            }
        }
    }
    return text;
}

}  // namespace heed
