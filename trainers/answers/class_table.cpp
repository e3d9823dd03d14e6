#include "heed/trainers/answers/class_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace heed {

namespace {

std::string csv_line(const std::vector<std::string>& fields) {
    std::string line;
    for (const std::string& field : fields) line += (line.empty() ? "" : ",") + csv_field(field);
    return line + "\n";
}

}  // namespace

std::string csv_field(std::string_view text) {
    const bool plain = text.find_first_of(",\"\r\n") == std::string_view::npos && !text.empty() &&
                       !text.starts_with(' ') && !text.ends_with(' ');
    if (plain) return std::string(text);
    std::string field = "\"";
    for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
    return field + "\"";
}

std::string ClassTable::header(const std::vector<std::string>& known) const {
    std::vector<std::string> names = known;
    if (separator_.empty()) {
        names.insert(names.end(), {"class", "probability"});
    } else {
        names.emplace_back("classes");
    }
    for (const std::string& name : classes_) names.push_back(fmt::format("P({})", name));
    return csv_line(names);
}

std::string ClassTable::row(const std::vector<std::string>& known, std::span<const float> probabilities) const {
    std::vector<std::string> fields = known;
    if (separator_.empty()) {
        const auto best = std::max_element(probabilities.begin(), probabilities.end());
        fields.push_back(classes_[static_cast<size_t>(best - probabilities.begin())]);
        fields.push_back(fmt::format("{}", *best));
    } else {
        std::string labels;
        for (size_t i = 0; i < probabilities.size(); ++i) {
            if (probabilities[i] > 0.5f) labels += (labels.empty() ? "" : separator_) + classes_[i];
        }
        fields.push_back(labels);
    }
    for (const float probability : probabilities) fields.push_back(fmt::format("{}", probability));
    return csv_line(fields);
}

}  // namespace heed
