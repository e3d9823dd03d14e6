#include "heed/trainers/recipe/attention_settings.h"

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {

std::string AttentionSettings::text() const {
    std::string text = type->name;
    for (const auto& [name, value] : values) text += " " + name + "=" + value;
    return text;
}

AttentionSettings attention_settings(const AttentionType& type, const Fields& fields) {
    AttentionSettings settings = {&type, {}};
    for (const Field& field : fields) settings.values.emplace_back(field.name(), field.value_text());
    return settings;
}

std::unique_ptr<Options> attention_options(const AttentionType& type,
                                           const std::vector<std::pair<std::string, std::string>>& values) {
    std::unique_ptr<Options> options = type.make_options();
    Fields fields;
    options->describe(fields);
    std::vector<std::string> given;
    for (const auto& [name, value] : values) {
        Field* field = fields.find(name);
        if (!field) {
            throw UserError(std::string(type.name) + " has no setting " + quote(name) +
                            did_you_mean(name, fields.names()));
        }
        if (std::find(given.begin(), given.end(), name) != given.end()) {
            throw UserError(name + " of " + type.name + " is given twice");
        }
        given.push_back(name);
        const std::string refusal = field->set_from_text(value);
        if (!refusal.empty()) throw UserError(name + " of " + type.name + " " + refusal);
    }
    options->validate();
    return options;
}

AttentionSettings read_attention_settings(std::string_view text) {
    std::vector<std::string> words;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find(' ', at), text.size());
        if (end > at) words.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    if (words.empty()) throw UserError("expected an attention type, got nothing");
    const AttentionType& type = attention_type(words.front());
    std::vector<std::pair<std::string, std::string>> values;
    for (size_t i = 1; i < words.size(); ++i) {
        const size_t equals = words[i].find('=');
        if (equals == std::string::npos) {
            throw UserError("expected name=value behind " + words.front() + ", got " + quote(words[i]));
        }
        values.emplace_back(words[i].substr(0, equals), words[i].substr(equals + 1));
    }
    const std::unique_ptr<Options> options = attention_options(type, values);
    Fields fields;
    options->describe(fields);
    return attention_settings(type, fields);
}

std::string settings_unlike(const AttentionSettings& settings, const AttentionSettings& other) {
    std::string text;
    for (const auto& value : settings.values) {
        if (std::find(other.values.begin(), other.values.end(), value) != other.values.end()) continue;
        text += (text.empty() ? "" : ", ") + value.first + "=" + value.second;
    }
    return text;
}

}  // namespace heed
