#include "heed/trainers/record/metrics_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/core/files/mapped_file.h"

namespace heed {
namespace {

using json = nlohmann::ordered_json;

MetricsRecord parse_record(std::string_view line, const std::string& place) {
    const json object = json::parse(line.begin(), line.end(), nullptr, false);
    if (!object.is_object()) throw UserError(place + ": expected a JSON object");
    MetricsRecord record;
    bool has_event = false;
    for (const auto& [key, value] : object.items()) {
        if (key == "event" && value.is_string()) {
            record.event = value.get<std::string>();
            has_event = true;
        } else if (value.is_number_integer()) {
            if (value.is_number_unsigned() && value.get<uint64_t>() > std::numeric_limits<int64_t>::max()) {
                throw UserError(place + ": the number " + value.dump() + " is too large");
            }
            record.fields.emplace_back(key, value.get<int64_t>());
        } else if (value.is_number_float()) {
            record.fields.emplace_back(key, value.get<double>());
        } else if (value.is_boolean()) {
            record.fields.emplace_back(key, value.get<bool>());
        } else if (value.is_string()) {
            record.fields.emplace_back(key, value.get<std::string>());
        } else {
            throw UserError(place + ": expected numbers, truth values and texts");
        }
    }
    if (!has_event) throw UserError(place + ": expected an event");
    return record;
}

/// Calls `use(record, offset of its line)` for every complete line until it returns false; returns the offset behind
/// the last complete line, or that of the line at which `use` stopped.
template <class F>
size_t for_each_record(const std::string& path, F&& use) {
    const MappedFile file(path);
    const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    size_t line_at = 0;
    for (size_t number = 1;; ++number) {
        const size_t line_end = text.find('\n', line_at);
        if (line_end == std::string_view::npos) return line_at;
        const std::string place = path + ", line " + std::to_string(number);
        if (!use(parse_record(text.substr(line_at, line_end - line_at), place), line_at)) return line_at;
        line_at = line_end + 1;
    }
}

const MetricsRecord::Value* find(const MetricsRecord& record, std::string_view name) {
    for (const auto& [key, value] : record.fields) {
        if (key == name) return &value;
    }
    return nullptr;
}

}  // namespace

std::optional<double> MetricsRecord::number(std::string_view name) const {
    const Value* value = find(*this, name);
    if (value == nullptr) return std::nullopt;
    if (const auto* integer = std::get_if<int64_t>(value)) return static_cast<double>(*integer);
    if (const auto* number = std::get_if<double>(value)) return *number;
    if (const auto* text = std::get_if<std::string>(value)) {
        if (*text == "NaN") return std::numeric_limits<double>::quiet_NaN();
        if (*text == "Infinity") return std::numeric_limits<double>::infinity();
        if (*text == "-Infinity") return -std::numeric_limits<double>::infinity();
    }
    return std::nullopt;
}

std::optional<int64_t> MetricsRecord::integer(std::string_view name) const {
    const Value* value = find(*this, name);
    const auto* integer = value == nullptr ? nullptr : std::get_if<int64_t>(value);
    return integer == nullptr ? std::nullopt : std::optional(*integer);
}

std::optional<std::string_view> MetricsRecord::text(std::string_view name) const {
    const Value* value = find(*this, name);
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
    return text == nullptr ? std::nullopt : std::optional<std::string_view>(*text);
}

std::vector<MetricsRecord> read_metrics(const std::string& path) {
    std::vector<MetricsRecord> records;
    for_each_record(path, [&](MetricsRecord record, size_t) {
        records.push_back(std::move(record));
        return true;
    });
    return records;
}

bool is_of_run_end(std::string_view event) {
    return event == "test" || event == "average";
}

void for_each_metrics_record(const std::string& path, const std::function<void(const MetricsRecord&)>& use) {
    for_each_record(path, [&](const MetricsRecord& record, size_t) {
        use(record);
        return true;
    });
}

KeptMetrics truncate_metrics_after_step(const std::string& path, int64_t step, bool finished) {
    KeptMetrics kept;
    struct stat status;
    if (stat(path.c_str(), &status) != 0 && errno == ENOENT) return kept;
    size_t end = std::string::npos;  // where the lines of the run's end begin, when they stand last
    size_t length = for_each_record(path, [&](const MetricsRecord& record, size_t at) {
        const std::optional<int64_t> of_step = record.integer("step");
        if (of_step.has_value() && *of_step > step) return false;
        if (of_step.has_value() && record.event == "step") kept.last_step = *of_step;
        if (record.event == "stopped") return true;  // by a signal after the test, while the report was made
        if (!is_of_run_end(record.event)) {
            end = std::string::npos;
        } else if (end == std::string::npos) {
            end = at;
        }
        return true;
    });
    kept.end_dropped = !finished && end != std::string::npos;
    if (kept.end_dropped) length = end;
    // Shortening needs no room on the disk and cannot lose a line that stays.
    if (::truncate(path.c_str(), static_cast<off_t>(length)) != 0) {
        throw Error("cannot shorten " + path + ": " + std::strerror(errno));
    }
    return kept;
}

}  // namespace heed
