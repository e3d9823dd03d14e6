#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heed/trainers/recipe/section_spec.h"

namespace heed {

/// Where a value came from.
struct Source {
    enum class Kind { default_value, file, command_line };

    Kind kind = Kind::default_value;
    std::string file;
    int line = 0;

    /// "default", "recipes/mnist/vit.yaml:3" or "command line".
    std::string text() const;
};

/// The settings of one section, filled in.
class Section {
public:
    Section(const SectionSpec& spec, const SectionChoice& choice);

    const std::string& name() const { return name_; }
    /// Key that chooses the type ("type"), empty in an untyped section, and the chosen type.
    const std::string& selector() const { return selector_; }
    const std::string& choice() const { return choice_; }
    const Options& options() const { return *options_; }
    const Fields& fields() const { return *fields_; }
    Fields& fields() { return *fields_; }

    const Source& source(std::string_view leaf) const;
    void set_source(std::string_view leaf, Source source);

private:
    std::string name_, selector_, choice_;
    std::unique_ptr<Options> options_;
    std::unique_ptr<Fields> fields_;  // bound to options_
    std::vector<std::pair<std::string, Source>> sources_;
};

/// A value as `heed check` shows it.
struct Setting {
    std::string key, value, source;
};

/// A recipe with every value filled in and checked.
class Recipe {
public:
    Recipe(std::string path, std::vector<Section> sections, std::vector<std::string> notes)
        : path_(std::move(path)), sections_(std::move(sections)), notes_(std::move(notes)) {}

    /// The file it was read from.
    const std::string& path() const { return path_; }
    const std::vector<Section>& sections() const { return sections_; }
    /// A section by name; the empty name is the top of the recipe.
    const Section& section(std::string_view name) const;

    /// The settings of a section as the struct that declares them.
    template <class T>
    const T& options(std::string_view name) const {
        const auto* typed = dynamic_cast<const T*>(&section(name).options());
        if (!typed) throw std::logic_error("the section " + std::string(name) + " has other settings than asked for");
        return *typed;
    }

    /// The text of one value, such as that of "root" in "data".
    std::string value(std::string_view section, std::string_view leaf) const;
    /// The same of a whole number.
    int64_t number(std::string_view section, std::string_view leaf) const;

    /// Every value in a stable order, as a recipe that reads back to the same values.
    std::string resolved_yaml() const;
    /// Every value with its source, in the same order.
    std::vector<Setting> explain() const;
    /// An error that names keys ("model.patch must divide ..."), with the place in front where one of them was given,
    /// or else with the recipe's file.
    std::string placed(const std::string& error) const;
    /// Takes over the section of that name, and those within it ("attention.layers.4-5"), of a recipe that is not
    /// needed any more, in the place of its own.
    void take_sections(std::string_view name, Recipe&& other);
    /// Sentences about given values that have no effect (settings of a type that was replaced by a nearer one).
    const std::vector<std::string>& notes() const { return notes_; }

private:
    std::string path_;
    std::vector<Section> sections_;
    std::vector<std::string> notes_;
};

/// Reads a recipe file and the files it is based on (`base:`), then applies the overrides ("model.dim=64"). Order:
/// default < base recipes, nearest last < recipe < overrides. Reports every wrong key or value at once as a UserError.
Recipe read_recipe(const RecipeSpec& spec, const std::string& path, const std::vector<std::string>& overrides);

/// The same for a recipe's text, such as the one kept in a checkpoint; `name` stands for the file in errors. Such a
/// recipe may not have a base.
Recipe parse_recipe(const RecipeSpec& spec, std::string_view text, const std::string& name,
                    const std::vector<std::string>& overrides);

/// The same of overrides alone, for what has no file; `name` stands for it in errors.
Recipe resolve_settings(const RecipeSpec& spec, const std::string& name, const std::vector<std::string>& overrides);

}  // namespace heed
