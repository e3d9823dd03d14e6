#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "heed/core/settings/span.h"

namespace heed {

/// One setting of a component: a name, a place in the component's options struct, and what is known about it. The
/// default is the value of the member when the field is made.
class Field {
public:
    using Member =
        std::variant<bool*, int64_t*, double*, std::string*, Span*, std::vector<std::string>*, std::vector<double>*>;

    Field(std::string name, Member member, std::string help);

    /// Least and greatest value, both allowed (numbers and lists of numbers).
    Field& range(double least, double greatest);
    /// The only texts allowed (text and lists of text).
    Field& choices(std::vector<std::string> allowed);
    /// What an error adds where this text is given, which is none of the choices.
    Field& advise(std::string text, std::string advice);
    /// What the number counts, for help and errors ("pixels").
    Field& unit(std::string text);
    /// The setting has an effect only where another one of the component has one of these values, which the help then
    /// says. Called more than once: where all of them do.
    Field& only_with(std::string other, std::vector<std::string> values);
    /// The text, or each of a list, is a path: "~" and "~/..." stand for the home folder (HOME), "~user" is refused.
    Field& path();

    /// Another setting of the component, and its values with which this one has an effect.
    struct Condition {
        std::string other;
        std::vector<std::string> values;
    };

    const std::string& name() const { return name_; }
    const std::string& help() const { return help_; }
    const std::string& unit() const { return unit_; }
    const std::vector<std::string>& choices() const { return choices_; }
    const std::vector<Condition>& conditions() const { return conditions_; }
    /// "1 to 64"; nothing without a range.
    std::string range_text() const;
    bool is_list() const;
    /// True when the value is text (or a list of it), so that a recipe file has to quote what looks like something
    /// else.
    bool is_text() const;

    /// A number (or a list of numbers) from 0 to 1 at most, which may be given as percent.
    bool is_share() const;

    /// "bool", "int", "float", "text", "span", "list of text" or "list of float".
    std::string type_name() const;
    /// What is allowed, in words: "a whole number from 1 to 64".
    std::string expectation() const;

    /// The items of a list as text; a single value is one item. Numbers come back exactly when read again.
    std::vector<std::string> items() const;
    /// The value as text; lists as "[a, b]". set_from_text reads it back to the same value.
    std::string value_text() const;
    const std::string& default_text() const { return default_text_; }

    /// Sets the member. Returns nothing when all is well, else what was expected and what came ("expects a whole number
    /// from 1 to 64, got "x""), and then the member keeps its value. Lists are "a, b" or "[a, b]", items may be in
    /// double quotes.
    std::string set_from_text(std::string_view text);
    /// The same for a list whose items are known apart. A field that is no list refuses it.
    std::string set_from_items(const std::vector<std::string>& items);

private:
    std::string refusal(const std::string& got, std::string_view item = {}) const;
    /// The number or flag that was probably meant by a text that is none; empty where there is none.
    std::string meant_value(std::string_view text) const;
    bool in_range(double value) const { return !has_range_ || (value >= least_ && value <= greatest_); }
    bool is_choice(std::string_view text) const;
    bool assign(std::string_view text);
    bool parse(std::string_view text, double& value) const;
    /// The path without "~", or in `refused` why that cannot be.
    std::string expanded(const std::string& text, std::string& refused) const;

    std::string name_, help_, unit_, default_text_;
    Member member_;
    std::vector<std::string> choices_;
    std::vector<std::pair<std::string, std::string>> advice_;  // by the text that it is for
    std::vector<Condition> conditions_;
    bool has_range_ = false;
    bool is_path_ = false;
    double least_ = 0, greatest_ = 0;
};

}  // namespace heed
