#include <algorithm>
#include <optional>
#include <tuple>

#include "heed/core/error.h"
#include "heed/core/settings/look_alikes.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/recipe/layer_sections.h"
#include "heed/trainers/recipe/levels.h"
#include "heed/trainers/recipe/other_names.h"
#include "heed/trainers/recipe/yaml/yaml_faults.h"

namespace heed {
namespace {

/// A given value whose section is known.
struct SectionValue {
    const GivenValue* given;
    std::string leaf;
    size_t level;
};

struct RecipeMistake {
    Source source;
    std::string what;
};

std::string apply(Field& field, const GivenValue& given) {
    switch (given.kind) {
        case YamlEntry::Kind::list:
            return field.set_from_items(given.items);
        case YamlEntry::Kind::scalar:
            return field.set_from_text(given.items.front());
        case YamlEntry::Kind::mapping:
            break;
    }
    return "expects " + field.expectation() + ", got a group of keys";
}

class Resolver {
public:
    Resolver(const RecipeSpec& spec, const std::string& path) : spec_(spec), path_(path), values_(spec.size()) {}

    Recipe resolve(const std::vector<RecipeLevel>& levels) {
        for (size_t i = 0; i < levels.size(); i++) assign_to_sections(levels[i], i);
        std::vector<Section> sections;
        for (size_t i = 0; i < spec_.size(); i++) {
            auto section = resolve_section(spec_[i], values_[i], levels.size());
            if (section) sections.push_back(std::move(*section));
        }
        keep_kind(sections);
        refuse_overlapping_layers();
        throw_mistakes();
        Recipe recipe(path_, std::move(sections), std::move(notes_));
        for (const Section& section : recipe.sections()) validate(recipe, section);
        return recipe;
    }

private:
    /// A mistake without a place of its own (source: default) is one of the recipe as a whole.
    void mistake(const Source& source, const std::string& what) { mistakes_.push_back({source, what}); }

    std::string text_of(const RecipeMistake& mistake) const {
        const bool whole = mistake.source.kind == Source::Kind::default_value;
        return (whole ? path_ : mistake.source.text()) + ": " + mistake.what;
    }

    /// Ends with all mistakes in the order of the files' lines, those of the command line last.
    void throw_mistakes() {
        constexpr size_t most = 20;
        if (mistakes_.empty()) return;
        if (mistakes_.size() == 1) throw UserError(text_of(mistakes_.front()));
        std::stable_sort(mistakes_.begin(), mistakes_.end(), [](const RecipeMistake& a, const RecipeMistake& b) {
            return std::tie(a.source.kind, a.source.file, a.source.line) <
                   std::tie(b.source.kind, b.source.file, b.source.line);
        });
        std::string text = path_ + " has " + std::to_string(mistakes_.size()) + " mistakes:";
        for (size_t i = 0; i < std::min(most, mistakes_.size()); i++) text += "\n  " + text_of(mistakes_[i]);
        if (mistakes_.size() > most) text += "\n  ...";
        throw UserError(text);
    }

    std::optional<size_t> find_section(const std::string& name) const {
        for (size_t i = 0; i < spec_.size(); i++) {
            if (spec_[i].name == name) return i;
        }
        return std::nullopt;
    }

    void assign_to_sections(const RecipeLevel& level, size_t index) {
        std::string skipped;  // the keys inside a group that has been refused are not worth a mistake each
        for (const GivenValue& given : level) {
            if (!skipped.empty() && given.key.starts_with(skipped)) continue;
            skipped.clear();
            const auto own = given.key.empty() ? std::nullopt : find_section(given.key);
            if ((own || is_layers_group(given.key)) && given.kind == YamlEntry::Kind::mapping) continue;
            if (own && spec_[*own].short_form) {
                values_[*own].push_back({&given, spec_[*own].selector, index});
                continue;
            }
            if (own) {
                mistake(given.source, given.key + " is a group of keys and cannot have the value " +
                                          quote(given.items.empty() ? "[]" : given.items.front()) + example(given));
                continue;
            }
            if (given.kind == YamlEntry::Kind::mapping) skipped = given.key + ".";
            if (is_layers_group(given.key)) {
                refuse_layers(given, given.key);
                continue;
            }
            const size_t dot = given.key.rfind('.');
            const bool at_top = dot == std::string::npos;
            const auto section = find_section(at_top ? "" : given.key.substr(0, dot));
            const std::string leaf = at_top ? given.key : given.key.substr(dot + 1);
            if (section && dot != 0 && !leaf.empty()) {
                values_[*section].push_back({&given, leaf, index});
            } else if (const std::string group = group_of_layers(given.key); !group.empty()) {
                refuse_layers(given, group);
            } else {
                mistake(given.source, unknown(given.key, nearest_key(given.key)));
            }
        }
    }

    void refuse_layers(const GivenValue& given, const std::string& group) {
        mistake(given.source, group + " expects layers with their settings, such as " + group + ".0-3=sdpa, got " +
                                  quote(given.key == group && !given.items.empty() ? given.items.front() : given.key));
    }

    /// Whether the key is "attention.layers".
    bool is_layers_group(const std::string& key) const { return !key.empty() && group_of_layers(key) == key; }

    /// "attention.layers" of a key within it; empty for another.
    std::string group_of_layers(const std::string& key) const {
        for (const SectionSpec& spec : spec_) {
            const std::string group = layers_group(spec.name);
            if (!spec.layer_choices.empty() && (key == group || key.starts_with(group + "."))) return group;
        }
        return "";
    }

    /// A layer has one choice.
    void refuse_overlapping_layers() {
        for (const SectionSpec& owner : spec_) {
            if (owner.layer_choices.empty()) continue;
            for (size_t i = 0; i < spec_.size(); i++) {
                const auto range = layers_of(spec_[i].name, owner.name);
                for (size_t j = i + 1; range && j < spec_.size(); j++) {
                    const auto other = layers_of(spec_[j].name, owner.name);
                    if (!other || !range->overlaps(*other) || values_[j].empty()) continue;
                    mistake(values_[j].front().given->source,
                            spec_[j].name + " has layers that " + spec_[i].name + " has: expected each layer once");
                }
            }
        }
    }

    /// Holds everything against the kind of the data: what is for another kind may not be given, and its sections go.
    void keep_kind(std::vector<Section>& sections) {
        const auto decides = [&](const Section& section) { return spec_of(section).decides_kind; };
        const auto data = std::find_if(sections.begin(), sections.end(), decides);
        if (data == sections.end()) return;
        const std::string& kind = spec_of(*data).find(data->choice())->kind;
        const std::string holds = data->name() + "." + data->selector() + " " + data->choice() + " holds " + kind;
        for (const Section& section : sections) {
            const SectionSpec& spec = spec_of(section);
            const std::string& needed = spec.find(section.choice())->kind;
            if (needed.empty() || needed == kind) continue;
            mistake(section.source(section.selector()), spec.key(spec.selector) + " " + section.choice() + " is for " +
                                                            needed + ", but " + holds + ": expected " +
                                                            listed(spec.choice_names(kind), " or "));
        }
        for (size_t i = 0; i < spec_.size(); i++) {
            if (spec_[i].is_for(kind)) continue;
            for (const SectionValue& value : values_[i]) {
                mistake(value.given->source,
                        value.given->key + " is for " + listed(spec_[i].kinds, " and ") + ", but " + holds);
            }
        }
        std::erase_if(sections, [&](const Section& section) { return !spec_of(section).is_for(kind); });
    }

    const SectionSpec& spec_of(const Section& section) const { return spec_[*find_section(section.name())]; }

    /// What to write for `model: vit`, or what the line below the section's name lacks.
    std::string example(const GivenValue& given) const {
        const SectionSpec& spec = spec_[*find_section(given.key)];
        const std::string separator = given.items.empty() ? "" : missing_separator(given.items.front());
        if (!separator.empty()) return "; " + separator;
        return spec.selector.empty() ? "" : "; the key that takes one is " + spec.key(spec.selector);
    }

    std::optional<Section> resolve_section(const SectionSpec& spec, const std::vector<SectionValue>& values,
                                           size_t level_count) {
        const auto chosen = choices_by_level(spec, values, level_count);
        if (!chosen) return std::nullopt;
        Section section(spec, *spec.find(chosen->back()));
        for (const SectionValue& value : values) {
            if (value.leaf == spec.selector) {
                section.set_source(value.leaf, value.given->source);
            } else if (Field* field = section.fields().find(value.leaf)) {
                set(*field, *value.given);
                section.set_source(value.leaf, value.given->source);
            } else {
                set_aside(spec, section, value, (*chosen)[value.level]);
            }
        }
        for (const auto& [first, second] : spec.alternatives) choose(section, values, first, second);
        drop_unused(spec, section, values);
        return section;
    }

    /// Puts the default in the place of values that have no effect with another one of the section, and tells of it.
    void drop_unused(const SectionSpec& spec, Section& section, const std::vector<SectionValue>& values) {
        for (const SectionValue& value : values) {
            Field* const field = section.fields().find(value.leaf);
            if (!field || field->value_text() == field->default_text()) continue;
            for (const auto& [other, with] : field->conditions()) {
                const std::string now = section.fields().find(other)->value_text();
                if (std::ranges::count(with, now) > 0) continue;
                notes_.push_back(section.source(value.leaf).text() + ": " + value.given->key + " has no effect with " +
                                 spec.key(other) + " " + now);
                field->set_from_text(field->default_text());
                break;
            }
        }
    }

    /// The nearest value of that key; null where there is none or it is 0.
    static const SectionValue* given_number(const std::vector<SectionValue>& values, const std::string& leaf) {
        const SectionValue* found = nullptr;
        for (const SectionValue& value : values) {
            if (value.leaf == leaf) found = &value;
        }
        return found && found->given->items == std::vector<std::string>{"0"} ? nullptr : found;
    }

    /// Two keys of which one counts: the other is set to 0.
    void choose(Section& section, const std::vector<SectionValue>& values, const std::string& first,
                const std::string& second) {
        const SectionValue* one = given_number(values, first);
        const SectionValue* other = given_number(values, second);
        if (one && other && one->level == other->level) {
            mistake(other->given->source, one->given->key + " and " + other->given->key +
                                              " say the same in different ways: expected one of them");
            return;
        }
        if (!one && !other) return;
        const bool first_counts = one && (!other || one->level > other->level);
        const std::string& unused = first_counts ? second : first;
        if (section.fields().find(unused)->value_text() == "0") return;
        section.fields().find(unused)->set_from_text("0");
        section.set_source(unused, (first_counts ? one : other)->given->source);
    }

    /// The section's type as it stands after each level; none when a type is unknown or missing.
    std::optional<std::vector<std::string>> choices_by_level(const SectionSpec& spec,
                                                             const std::vector<SectionValue>& values,
                                                             size_t level_count) {
        const size_t before = mistakes_.size();
        std::vector<std::string> chosen(level_count + 1, spec.default_choice);
        for (const SectionValue& value : values) {
            if (spec.selector.empty() || value.leaf != spec.selector) continue;
            const GivenValue& given = *value.given;
            const std::string name = given.kind == YamlEntry::Kind::scalar ? given.items.front() : "";
            if (given.kind == YamlEntry::Kind::scalar && spec.find(name)) {
                std::fill(chosen.begin() + static_cast<std::ptrdiff_t>(value.level), chosen.end(), name);
            } else {
                const std::string got = given.kind == YamlEntry::Kind::scalar ? quote(name) : "a list or group";
                mistake(given.source, given.key + " expects " + listed(spec.choice_names(), " or ") + ", got " + got +
                                          foreign_character(name) + did_you_mean(name, spec.choice_names()));
            }
        }
        if (mistakes_.size() > before) return std::nullopt;
        if (!spec.find(chosen.back())) {
            mistake({}, spec.key(spec.selector) + " is missing; choose " + listed(spec.choice_names(), " or "));
            return std::nullopt;
        }
        return chosen;
    }

    void set(Field& field, const GivenValue& given) {
        const std::string refusal = apply(field, given);
        if (!refusal.empty()) mistake(given.source, given.key + " " + refusal);
    }

    /// A value that the section's type does not know: fine when a nearer level replaced the type it was written for.
    void set_aside(const SectionSpec& spec, const Section& section, const SectionValue& value,
                   const std::string& choice_then) {
        const GivenValue& given = *value.given;
        const std::string selector = spec.key(spec.selector);
        if (const SectionChoice* choice = spec.find(choice_then)) {
            Section replaced(spec, *choice);
            if (Field* field = replaced.fields().find(value.leaf)) {
                set(*field, given);
                notes_.push_back(given.source.text() + ": " + given.key + " belongs to " + selector + " " +
                                 choice_then + " and has no effect with " + section.choice());
                return;
            }
        }
        std::vector<std::string> owners;
        for (const SectionChoice& choice : spec.choices) {
            if (Section(spec, choice).fields().find(value.leaf)) owners.push_back(choice.name);
        }
        if (!owners.empty()) {
            mistake(given.source, given.key + " belongs to " + selector + " " + listed(owners, " or ") + ", not to " +
                                      section.choice());
            return;
        }
        mistake(given.source, unknown(given.key, meant_key(spec, section, value.leaf)));
    }

    /// The key that was probably meant by an unknown one of this section: the section's own come before those of
    /// others, and at the top the words of other trainers before all, since their names are seldom those of sections.
    std::string meant_key(const SectionSpec& spec, const Section& section, const std::string& leaf) const {
        const std::string other = keys_of_other_name(leaf);
        if (!other.empty() && (spec.name.empty() || other.starts_with(spec.name + "."))) return other;
        std::vector<std::string> known = section.fields().names();
        if (!spec.selector.empty()) known.push_back(spec.selector);
        if (spec.name.empty()) {
            for (const SectionSpec& one : spec_) known.push_back(one.name);
        }
        const std::string near = nearest_name(leaf, known);
        if (!near.empty()) return spec.key(near);
        return other.empty() ? nearest_elsewhere(leaf) : other;
    }

    static std::string unknown(const std::string& key, const std::string& meant) {
        const std::string hint = meant.empty() ? "" : " (did you mean " + meant + "?)";
        const std::string foreign = foreign_character(key);
        return quote(key) + foreign + (foreign.empty() ? "" : ",") + " is not a known key" + hint;
    }

    std::vector<std::string> all_keys() const {
        std::vector<std::string> keys;
        for (const SectionSpec& spec : spec_) {
            if (!spec.name.empty()) keys.push_back(spec.name);
            if (!spec.layer_choices.empty()) keys.push_back(layers_group(spec.name));
            if (!spec.selector.empty()) keys.push_back(spec.key(spec.selector));
            for (const SectionChoice& choice : spec.choices) {
                for (const std::string& leaf : Section(spec, choice).fields().names()) keys.push_back(spec.key(leaf));
            }
        }
        return keys;
    }

    /// The same for a key whose section is unknown.
    std::string nearest_key(const std::string& key) const {
        const std::string other = keys_of_other_name(key.substr(key.rfind('.') + 1));
        const std::string near = nearest_name(key, all_keys());
        return near.empty() ? other : near;
    }

    /// The key of any section whose last part is nearest.
    std::string nearest_elsewhere(const std::string& leaf) const {
        const std::vector<std::string> keys = all_keys();
        std::vector<std::string> leaves;
        for (const std::string& key : keys) leaves.push_back(key.substr(key.rfind('.') + 1));
        const std::string near = nearest_name(leaf, leaves);
        const auto found = std::find(leaves.begin(), leaves.end(), near);
        return found == leaves.end() ? "" : keys[static_cast<size_t>(found - leaves.begin())];
    }

    static void validate(const Recipe& recipe, const Section& section) {
        try {
            section.options().validate();
        } catch (const UserError& error) {
            throw UserError(recipe.placed(error.what()));
        }
    }

    const RecipeSpec& spec_;
    const std::string& path_;
    std::vector<std::vector<SectionValue>> values_;  // by section, in the order of the levels
    std::vector<RecipeMistake> mistakes_;
    std::vector<std::string> notes_;
};

}  // namespace

Recipe resolve_levels(const RecipeSpec& spec, const std::string& path, const std::vector<RecipeLevel>& levels) {
    const RecipeSpec extended = with_layer_sections(spec, levels);
    return Resolver(extended, path).resolve(levels);
}

}  // namespace heed
