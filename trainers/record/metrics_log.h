#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace heed {

/// One key of a line of metrics.jsonl. Names and texts are only looked at while the line is written.
struct MetricsField {
    std::string_view name;
    std::variant<int64_t, double, bool, std::string_view> value;

    template <std::integral T>
    MetricsField(std::string_view field_name, T number) : name(field_name) {
        if constexpr (std::same_as<T, bool>) {
            value = number;
        } else {
            value = static_cast<int64_t>(number);
        }
    }
    MetricsField(std::string_view field_name, double number) : name(field_name), value(number) {}
    MetricsField(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
    MetricsField(std::string_view field_name, const char* text) : name(field_name), value(std::string_view(text)) {}
};

/// Writes metrics.jsonl: one JSON object a line, `event` first, then the fields in their order. Every line is handed to
/// the system at once and whole. Floating-point numbers are written with as many digits as reading them back exactly
/// takes, those that are not finite as the texts "NaN", "Infinity" and "-Infinity", for which JSON has no numbers.
///
/// Errors name the path and the system's reason: UserError when the file cannot be opened, Error when writing fails.
class MetricsLog {
public:
    enum class Mode {
        start_new,  ///< what the file held is dropped
        append
    };

    MetricsLog(const std::string& path, Mode mode);
    ~MetricsLog();
    MetricsLog(const MetricsLog&) = delete;
    MetricsLog& operator=(const MetricsLog&) = delete;

    /// One line. Allocates nothing once a line of the same length has been written.
    void write(std::string_view event, std::span<const MetricsField> fields);
    void write(std::string_view event, std::initializer_list<MetricsField> fields) {
        write(event, std::span(fields.begin(), fields.size()));
    }
    /// Returns when all lines are on the disk: to be called before a checkpoint that they belong to is saved.
    void sync();

private:
    std::string path_;
    std::string line_;
    int descriptor_ = -1;
};

}  // namespace heed
