#include "heed/trainers/hugging_face/json_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/core/files/json_problem.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/files/text_file.h"

namespace heed {

namespace {

constexpr int64_t greatest_size = int64_t{1} << 30;

/// A value as an error shows it.
std::string shown(const nlohmann::json& value) {
    constexpr size_t most = 60;
    const std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    return text.size() <= most ? text : text.substr(0, most) + "...";
}

}  // namespace

JsonFile::JsonFile(const std::string& path) : path_(path) {
    const TextFile file(path);
    try {
        json_ = std::make_shared<const nlohmann::json>(nlohmann::json::parse(file.content()));
    } catch (const nlohmann::json::exception& error) {
        throw UserError(fmt::format("{} is no JSON: {}", path, json_problem(error)));
    }
    if (!json_->is_object()) throw UserError(fmt::format("{}: expected a JSON object, got {}", path, shown(*json_)));
}

void JsonFile::fail(const std::string& key, const std::string& expected) const {
    const auto found = json_->find(key);
    throw UserError(fmt::format("{}: {}: expected {}, got {}", path_, key, expected,
                                found == json_->end() ? "nothing" : shown(*found)));
}

bool JsonFile::has(const std::string& key) const {
    const auto found = json_->find(key);
    return found != json_->end() && !found->is_null();
}

int64_t JsonFile::size(const std::string& key) const {
    const int64_t value = count(key, 0);
    if (value < 1) fail(key, "a whole number from 1 on");
    return value;
}

int64_t JsonFile::count(const std::string& key, int64_t otherwise) const {
    if (!has(key)) return otherwise;
    const nlohmann::json& value = json_->at(key);
    if (!value.is_number_unsigned() || value.get<uint64_t>() > static_cast<uint64_t>(greatest_size)) {
        fail(key, "a whole number from 0 on");
    }
    return value.get<int64_t>();
}

double JsonFile::number(const std::string& key, double otherwise) const {
    if (!has(key)) return otherwise;
    if (!json_->at(key).is_number()) fail(key, "a number");
    return json_->at(key).get<double>();
}

std::vector<double> JsonFile::numbers(const std::string& key, const std::vector<double>& otherwise) const {
    if (!has(key)) return otherwise;
    const nlohmann::json& list = json_->at(key);
    std::vector<double> values;
    for (const nlohmann::json& value : list) {
        if (!list.is_array() || !value.is_number()) fail(key, "a list of numbers");
        values.push_back(value.get<double>());
    }
    if (values.empty()) fail(key, "a list of numbers");
    return values;
}

bool JsonFile::flag(const std::string& key, bool otherwise) const {
    if (!has(key)) return otherwise;
    if (!json_->at(key).is_boolean()) fail(key, "true or false");
    return json_->at(key).get<bool>();
}

std::string JsonFile::text(const std::string& key) const {
    if (!has(key) || !json_->at(key).is_string()) fail(key, "a text");
    return json_->at(key).get<std::string>();
}

std::string JsonFile::text(const std::string& key, const std::string& otherwise) const {
    return has(key) ? text(key) : otherwise;
}

std::vector<std::string> JsonFile::class_names() const {
    std::vector<std::string> names;
    if (!has("id2label")) return names;
    const nlohmann::json& labels = json_->at("id2label");
    if (!labels.is_object()) fail("id2label", "an object of class names");
    for (size_t i = 0; i < labels.size(); ++i) {
        const auto found = labels.find(std::to_string(i));
        if (found == labels.end() || !found->is_string()) fail("id2label", fmt::format("a name under \"{}\"", i));
        names.push_back(found->get<std::string>());
    }
    const std::vector<std::string> given = names;
    for (size_t i = 0; i < names.size(); ++i) {
        if (std::count(given.begin(), given.end(), given[i]) > 1) names[i] += fmt::format(" ({})", i);
    }
    return names;
}

std::string JsonFile::architecture() const {
    if (!has("architectures")) return "";
    const nlohmann::json& names = json_->at("architectures");
    if (!names.is_array() || names.empty() || !names.front().is_string()) fail("architectures", "a list of names");
    return names.front().get<std::string>();
}

void JsonFile::expect_flag(const std::string& key, bool value) const {
    if (flag(key, value) != value) fail(key, value ? "true" : "false");
}

void JsonFile::expect_text(const std::string& key, const std::string& value) const {
    if (text(key, value) != value) fail(key, quote(value));
}

std::optional<JsonFile> optional_json_file(const std::string& path) {
    if (!path_exists(path)) return std::nullopt;
    return JsonFile(path);
}

}  // namespace heed
