#include "heed/trainers/recipe/recipe.h"

#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include <algorithm>
#include <utility>

#include "heed/core/settings/number_text.h"

namespace heed {
namespace {

/// Whether every YAML reader takes the text for text without quotes.
bool is_plain(const std::string& text) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/";
    constexpr std::string_view others = "0123456789.-+";
    static const std::vector<std::string> words = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
    if (text.empty() || letters.find(text[0]) == std::string_view::npos) return false;
    for (char c : text) {
        if (letters.find(c) == std::string_view::npos && others.find(c) == std::string_view::npos) return false;
    }
    std::string lower = text;
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return std::find(words.begin(), words.end(), lower) == words.end();
}

void emit_text(YAML::Emitter& out, const std::string& text) {
    if (!is_plain(text)) out << YAML::DoubleQuoted;
    out << text;
}

void emit_field(YAML::Emitter& out, const Field& field) {
    out << YAML::Key << field.name() << YAML::Value;
    const auto emit = [&](const std::string& item) {
        if (field.is_text()) {
            emit_text(out, item);
        } else {
            out << item;  // numbers, flags and spans are plain as they are
        }
    };
    if (!field.is_list()) return emit(field.items().front());
    out << YAML::Flow << YAML::BeginSeq;
    for (const std::string& item : field.items()) emit(item);
    out << YAML::EndSeq;
}

void emit_section(YAML::Emitter& out, const Section& section) {
    if (!section.selector().empty()) {
        out << YAML::Key << section.selector() << YAML::Value;
        emit_text(out, section.choice());
    }
    for (const Field& field : section.fields()) emit_field(out, field);
}

/// "data" and "augment" of "data.augment"; none of an empty name.
std::vector<std::string> dotted_parts(const std::string& name) {
    std::vector<std::string> parts;
    for (size_t at = 0; at < name.size();) {
        const size_t end = std::min(name.find('.', at), name.size());
        parts.push_back(name.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

bool is_word_part(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/// Where the text names the key, or npos.
size_t find_key(const std::string& text, const std::string& key) {
    size_t at = text.find(key);
    while (at != std::string::npos) {
        const size_t end = at + key.size();
        const bool starts = at == 0 || !is_word_part(text[at - 1]);
        // A full stop after the key ends a sentence; before a letter it belongs to a longer key.
        const bool ends = end == text.size() || !is_word_part(text[end]) ||
                          (text[end] == '.' && (end + 1 == text.size() || !is_word_part(text[end + 1])));
        if (starts && ends) return at;
        at = text.find(key, at + 1);
    }
    return at;
}

}  // namespace

std::string Source::text() const {
    switch (kind) {
        case Kind::file:
            return file + ":" + std::to_string(line);
        case Kind::command_line:
            return "command line";
        case Kind::default_value:
            break;
    }
    return "default";
}

Section::Section(const SectionSpec& spec, const SectionChoice& choice)
    : name_(spec.name),
      selector_(spec.selector),
      choice_(choice.name),
      options_(choice.make_options()),
      fields_(std::make_unique<Fields>()) {
    options_->describe(*fields_);
}

const Source& Section::source(std::string_view leaf) const {
    static const Source default_source;
    for (const auto& [name, source] : sources_) {
        if (name == leaf) return source;
    }
    return default_source;
}

void Section::set_source(std::string_view leaf, Source source) {
    for (auto& [name, known] : sources_) {
        if (name == leaf) {
            known = std::move(source);
            return;
        }
    }
    sources_.emplace_back(leaf, std::move(source));
}

const Section& Recipe::section(std::string_view name) const {
    for (const Section& section : sections_) {
        if (section.name() == name) return section;
    }
    throw std::logic_error("recipes have no section " + std::string(name));
}

void Recipe::take_sections(std::string_view name, Recipe&& other) {
    const auto is_meant = [&](const Section& section) {
        return section.name() == name || section.name().starts_with(std::string(name) + ".");
    };
    auto place = std::find_if(sections_.begin(), sections_.end(), is_meant) - sections_.begin();
    std::erase_if(sections_, is_meant);
    for (Section& section : other.sections_) {
        if (is_meant(section)) sections_.insert(sections_.begin() + place++, std::move(section));
    }
}

std::string Recipe::value(std::string_view name, std::string_view leaf) const {
    const Section& owner = section(name);
    for (const Field& field : owner.fields()) {
        if (field.name() == leaf) return field.value_text();
    }
    throw std::logic_error("the section " + owner.name() + " has no key " + std::string(leaf));
}

int64_t Recipe::number(std::string_view name, std::string_view leaf) const {
    int64_t number = 0;
    if (!parse_int(value(name, leaf), number)) throw std::logic_error(std::string(leaf) + " is no whole number");
    return number;
}

std::string Recipe::resolved_yaml() const {
    YAML::Emitter out;
    out << YAML::BeginMap;
    // A section with a dotted name lies inside those named before its dots, which come first in the list.
    std::vector<std::string> open;
    for (const Section& section : sections_) {
        const std::vector<std::string> parts = dotted_parts(section.name());
        const auto common = static_cast<size_t>(
            std::mismatch(open.begin(), open.end(), parts.begin(), parts.end()).first - open.begin());
        for (; open.size() > common; open.pop_back()) out << YAML::EndMap;
        for (size_t i = common; i < parts.size(); i++) {
            out << YAML::Key << parts[i] << YAML::Value << YAML::BeginMap;
            open.push_back(parts[i]);
        }
        emit_section(out, section);
    }
    for (size_t i = 0; i < open.size(); i++) out << YAML::EndMap;
    out << YAML::EndMap;
    return std::string(out.c_str(), out.size()) + "\n";
}

std::vector<Setting> Recipe::explain() const {
    std::vector<Setting> settings;
    for (const Section& section : sections_) {
        const std::string prefix = section.name().empty() ? "" : section.name() + ".";
        if (!section.selector().empty()) {
            settings.push_back(
                {prefix + section.selector(), section.choice(), section.source(section.selector()).text()});
        }
        for (const Field& field : section.fields()) {
            settings.push_back({prefix + field.name(), field.value_text(), section.source(field.name()).text()});
        }
    }
    return settings;
}

std::string Recipe::placed(const std::string& error) const {
    std::vector<std::pair<size_t, Setting>>
        named;  // the keys in the error that something has set, and where it names them
    for (Setting& setting : explain()) {
        if (setting.source == Source{}.text()) continue;
        const size_t at = find_key(error, setting.key);
        // A key without a section ("threads") may be a word of the error as well: it has to begin it.
        if (at > 0 && setting.key.find('.') == std::string::npos) continue;
        if (at != std::string::npos) named.emplace_back(at, std::move(setting));
    }
    std::sort(named.begin(), named.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    if (named.empty()) return path_ + ": " + error;
    std::string text = named.front().second.source + ": " + error;
    for (const auto& [at, setting] : named) {
        if (setting.source != named.front().second.source) text += "; " + setting.key + " is set at " + setting.source;
    }
    return text;
}

}  // namespace heed
