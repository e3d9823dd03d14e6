#include "heed/core/settings/field.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "heed/core/settings/look_alikes.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"

namespace heed {
namespace {

using TextList = std::vector<std::string>;
using NumberList = std::vector<double>;

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Reads the item at the front of a list up to its comma; false when a quote is not closed or something follows it.
bool take_item(std::string_view& text, std::string& item) {
    text = trimmed(text);
    item.clear();
    if (!text.starts_with('"')) {
        const size_t end = std::min(text.find(','), text.size());
        item = trimmed(text.substr(0, end));
        text.remove_prefix(end);
        return !item.empty();
    }
    size_t at = 1;
    while (at < text.size() && text[at] != '"') {
        if (text[at] == '\\' && at + 1 < text.size()) at++;
        item += text[at++];
    }
    if (at == text.size()) return false;
    text = trimmed(text.substr(at + 1));
    return text.empty() || text.starts_with(',');
}

bool split_list(std::string_view text, TextList& items) {
    text = trimmed(text);
    if (text.starts_with('[')) {
        if (!text.ends_with(']') || text.size() < 2) return false;
        text = trimmed(text.substr(1, text.size() - 2));
    }
    if (text.empty()) return true;
    std::string item;
    while (take_item(text, item)) {
        items.push_back(item);
        if (text.empty()) return true;
        text.remove_prefix(1);
    }
    return false;
}

std::string list_item(const std::string& item) {
    const bool plain = !item.empty() && trimmed(item) == item && item.find_first_of("[],\"\\") == std::string::npos;
    if (plain) return item;
    std::string result = "\"";
    for (char c : item) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + "\"";
}

}  // namespace

Field::Field(std::string name, Member member, std::string help)
    : name_(std::move(name)), help_(std::move(help)), member_(member) {
    default_text_ = value_text();
}

Field& Field::range(double least, double greatest) {
    const bool number = std::holds_alternative<int64_t*>(member_) || std::holds_alternative<double*>(member_) ||
                        std::holds_alternative<NumberList*>(member_);
    if (!number || least > greatest) throw std::logic_error("the field " + name_ + " cannot have this range");
    has_range_ = true;
    least_ = least;
    greatest_ = greatest;
    return *this;
}

Field& Field::choices(std::vector<std::string> allowed) {
    if (!is_text()) throw std::logic_error("the field " + name_ + " is no text and cannot have choices");
    choices_ = std::move(allowed);
    return *this;
}

Field& Field::advise(std::string text, std::string advice) {
    advice_.emplace_back(std::move(text), std::move(advice));
    return *this;
}

Field& Field::unit(std::string text) {
    unit_ = std::move(text);
    return *this;
}

Field& Field::only_with(std::string other, std::vector<std::string> values) {
    const bool without = values == TextList{""};
    help_ += without ? "; only without " + other : "; only with " + other + " " + listed(values, " or ");
    conditions_.push_back({std::move(other), std::move(values)});
    return *this;
}

Field& Field::path() {
    if (!is_text() || !choices_.empty()) throw std::logic_error("the field " + name_ + " can be no path");
    is_path_ = true;
    return *this;
}

bool Field::is_share() const {
    const bool number = std::holds_alternative<double*>(member_) || std::holds_alternative<NumberList*>(member_);
    return number && has_range_ && least_ >= 0 && greatest_ <= 1;
}

bool Field::parse(std::string_view text, double& value) const {
    return is_share() ? parse_share(text, value) : parse_double(text, value);
}

std::string Field::expanded(const std::string& text, std::string& refused) const {
    if (!is_path_ || !text.starts_with('~')) return text;
    const char* home = std::getenv("HOME");
    if (text.size() > 1 && text[1] != '/') {
        refused = "expects a path, in which only ~/ stands for a home folder, got " + quote(text) +
                  " (a file of that name is ./" + text + ")";
    } else if (home == nullptr || *home == '\0') {
        refused = "expects a path, got " + quote(text) + ", but the environment variable HOME names no home folder";
    } else {
        return home + text.substr(1);
    }
    return "";
}

bool Field::is_list() const {
    return std::holds_alternative<TextList*>(member_) || std::holds_alternative<NumberList*>(member_);
}

bool Field::is_text() const {
    return std::holds_alternative<std::string*>(member_) || std::holds_alternative<TextList*>(member_);
}

std::string Field::type_name() const {
    static constexpr const char* names[] = {"bool", "int", "float", "text", "span", "list of text", "list of float"};
    static_assert(std::size(names) == std::variant_size_v<Member>);
    return names[member_.index()];
}

std::string Field::expectation() const {
    static constexpr const char* words[] = {
        "true or false",   "a whole number",   "a number", "text", "steps (500), a share (5%) or epochs (2 epochs)",
        "a list of texts", "a list of numbers"};
    static_assert(std::size(words) == std::variant_size_v<Member>);
    if (!choices_.empty()) return (is_list() ? "a list of " : "") + listed(choices_, " or ");
    std::string result = words[member_.index()];
    if (has_range_) result += " from " + range_text();
    if (is_share()) result += " or percent (10%)";
    return result;
}

std::string Field::range_text() const {
    if (!has_range_) return "";
    const bool whole = std::holds_alternative<int64_t*>(member_);
    const auto text = [&](double value) {
        return whole ? std::to_string(static_cast<int64_t>(value)) : format_double(value);
    };
    return text(least_) + " to " + text(greatest_);
}

std::vector<std::string> Field::items() const {
    return std::visit(
        [](auto* member) -> TextList {
            using T = std::remove_pointer_t<decltype(member)>;
            if constexpr (std::is_same_v<T, bool>) {
                return {*member ? "true" : "false"};
            } else if constexpr (std::is_same_v<T, int64_t>) {
                return {std::to_string(*member)};
            } else if constexpr (std::is_same_v<T, double>) {
                return {format_double(*member)};
            } else if constexpr (std::is_same_v<T, std::string>) {
                return {*member};
            } else if constexpr (std::is_same_v<T, Span>) {
                return {member->text()};
            } else if constexpr (std::is_same_v<T, NumberList>) {
                TextList result;
                for (double value : *member) result.push_back(format_double(value));
                return result;
            } else {
                return *member;
            }
        },
        member_);
}

std::string Field::value_text() const {
    const TextList all = items();
    if (!is_list()) return all.front();
    std::string text = "[";
    for (const std::string& item : all) text += (text.size() == 1 ? "" : ", ") + list_item(item);
    return text + "]";
}

bool Field::is_choice(std::string_view text) const {
    return choices_.empty() || std::find(choices_.begin(), choices_.end(), text) != choices_.end();
}

std::string Field::refusal(const std::string& got, std::string_view item) const {
    const std::string text = "expects " + expectation() + ", got " + got;
    for (const auto& [given, advice] : advice_) {
        if (item == given) return text + " (" + advice + ")";
    }
    const std::string meant = choices_.empty() ? meant_value(item) : nearest_name(item, choices_);
    return meant.empty() ? text : text + foreign_character(item) + " (did you mean " + meant + "?)";
}

std::string Field::meant_value(std::string_view text) const {
    std::string twin = ascii_twin(text);
    if (std::holds_alternative<bool*>(member_)) {
        if (twin == "yes" || twin == "on" || twin == "1") twin = "true";
        if (twin == "no" || twin == "off" || twin == "0") twin = "false";
        return twin == "true" || twin == "false" ? twin : "";
    }
    const size_t comma = twin.find(',');
    if (comma != std::string::npos && twin.find('.') == std::string::npos) twin[comma] = '.';
    if (twin == text) return "";
    if (std::holds_alternative<int64_t*>(member_)) {
        int64_t value = 0;
        return parse_int(twin, value) && in_range(static_cast<double>(value)) ? twin : "";
    }
    if (std::holds_alternative<Span*>(member_)) {
        Span value;
        return parse_span(twin, value) ? twin : "";
    }
    double value = 0;
    return !is_text() && parse(twin, value) && in_range(value) ? twin : "";
}

bool Field::assign(std::string_view text) {
    if (auto* const* flag = std::get_if<bool*>(&member_)) {
        if (text != "true" && text != "false") return false;
        **flag = text == "true";
        return true;
    }
    if (auto* const* integer = std::get_if<int64_t*>(&member_)) {
        int64_t value = 0;
        if (!parse_int(text, value) || !in_range(static_cast<double>(value))) return false;
        **integer = value;
        return true;
    }
    if (auto* const* number = std::get_if<double*>(&member_)) {
        double value = 0;
        if (!parse(text, value) || !in_range(value)) return false;
        **number = value;
        return true;
    }
    if (auto* const* span = std::get_if<Span*>(&member_)) return parse_span(text, **span);
    if (!is_choice(text)) return false;
    *std::get<std::string*>(member_) = text;
    return true;
}

std::string Field::set_from_text(std::string_view text) {
    if (is_list()) {
        TextList list;
        if (!split_list(text, list)) return refusal(quote(text));
        return set_from_items(list);
    }
    std::string refused;
    const std::string value = expanded(std::string(text), refused);
    if (!refused.empty()) return refused;
    return assign(value) ? "" : refusal(quote(text), text);
}

std::string Field::set_from_items(const std::vector<std::string>& list) {
    if (!is_list()) return refusal("a list");
    if (auto* const* texts = std::get_if<TextList*>(&member_)) {
        for (const std::string& item : list) {
            if (!is_choice(item)) return refusal(quote(item), item);
        }
        TextList values;
        for (const std::string& item : list) {
            std::string refused;
            values.push_back(expanded(item, refused));
            if (!refused.empty()) return refused;
        }
        **texts = std::move(values);
        return "";
    }
    NumberList numbers;
    for (const std::string& item : list) {
        double value = 0;
        if (!parse(item, value) || !in_range(value)) return refusal(quote(item), item);
        numbers.push_back(value);
    }
    *std::get<NumberList*>(member_) = std::move(numbers);
    return "";
}

}  // namespace heed
