#include "heed/datasets/text/files/json_lines.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/tokenizers/utf8.h"

namespace heed {

namespace {

using Json = nlohmann::json;

std::string json_item(const TextFile& file, int64_t line, const std::string& column, const Json& value) {
    if (value.is_number() || value.is_boolean()) return value.dump();
    if (!value.is_string()) {
        file.fail(line, fmt::format("expected text, a number or a truth value at key {}, found {}", quote(column),
                                    value.type_name()));
    }
    std::string text = value.get<std::string>();
    if (const std::string problem = text_problem(text); !problem.empty()) {
        file.fail(line, fmt::format("expected UTF-8 text at key {}, found {}", quote(column), problem));
    }
    return text;
}

/// What the library says of broken JSON, without where: that is said before.
std::string json_problem(std::string_view message) {
    if (message.find("surrogate") != std::string_view::npos) {
        return "half of a surrogate pair is no character (expected \\uD800 to \\uDBFF and \\uDC00 to \\uDFFF together)";
    }
    const std::size_t place = message.find(" - ");
    const std::string_view problem = place == std::string_view::npos ? message : message.substr(place + 3);
    constexpr std::size_t longest = 200;
    return on_one_line(problem.substr(0, problem.find("; last read")).substr(0, longest));
}

/// The object of a line, or what else stands there; a key may not come twice.
Json json_of(const TextFile& file, int64_t line, std::string_view text) {
    std::set<std::string> keys;
    std::string twice;
    const Json::parser_callback_t see = [&](int depth, Json::parse_event_t event, Json& key) {
        if (depth == 1 && event == Json::parse_event_t::key && !keys.insert(key.get<std::string>()).second) {
            twice = quote(key.get<std::string>());
        }
        return true;
    };
    Json object;
    try {
        object = Json::parse(text, see);
    } catch (const Json::parse_error& error) {
        file.fail(line, fmt::format("expected a JSON object, found {} at byte {}: {}", quote(text), error.byte,
                                    json_problem(error.what())));
    }
    if (object.is_object() && !twice.empty()) file.fail(line, "expected each key once, found " + twice + " twice");
    return object;
}

/// The JSON object of a line.
Json object_of(const TextFile& file, int64_t number, std::string_view line) {
    Json object = json_of(file, number, line);
    if (!object.is_object()) file.fail(number, "expected a JSON object, found " + quote(line));
    return object;
}

std::vector<std::string> keys_of(const Json& object) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object.items()) keys.push_back(key);
    return keys;
}

}  // namespace

void read_json_lines(const TextFile& file, const std::vector<std::string>& columns, bool only_text,
                     const std::function<void(int64_t line, std::span<const TableValue> values)>& row) {
    LineReader lines(file.content());
    std::vector<TableValue> values(columns.size());
    for (std::string_view line; lines.next(line);) {
        const int64_t number = lines.number();
        if (trimmed(line).empty()) continue;  // as an editor leaves it at the end
        const Json object = object_of(file, number, line);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const auto place = object.find(columns[i]);
            if (place == object.end()) {
                const std::vector<std::string> keys = keys_of(object);
                file.fail(number, fmt::format("expected a key {}, found {}{}", quote(columns[i]),
                                              keys.empty() ? "none" : listed(keys), did_you_mean(columns[i], keys)));
            }
            if (only_text && !place->is_string()) {
                file.fail(number,
                          fmt::format("expected text at key {}, found {}", quote(columns[i]), place->type_name()));
            }
            values[i].clear();
            if (place->is_array()) {
                for (const Json& item : *place) values[i].push_back(json_item(file, number, columns[i], item));
            } else {
                values[i].push_back(json_item(file, number, columns[i], *place));
            }
        }
        row(number, values);
    }
}

std::vector<std::string> first_json_keys(const TextFile& file) {
    LineReader lines(file.content());
    for (std::string_view line; lines.next(line);) {
        if (!trimmed(line).empty()) return keys_of(object_of(file, lines.number(), line));
    }
    return {};
}

}  // namespace heed
