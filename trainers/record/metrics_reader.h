#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace heed {

/// One line of metrics.jsonl.
struct MetricsRecord {
    using Value = std::variant<int64_t, double, bool, std::string>;

    std::string event;
    /// In the order of the line, without `event`.
    std::vector<std::pair<std::string, Value>> fields;

    /// The field as a number; "NaN", "Infinity" and "-Infinity" are numbers. None when it is absent or no number.
    std::optional<double> number(std::string_view name) const;
    /// The field as a whole number; none when it is absent or something else.
    std::optional<int64_t> integer(std::string_view name) const;
    /// The field as a text; none when it is absent or no text.
    std::optional<std::string_view> text(std::string_view name) const;
};

/// All complete lines of a file that MetricsLog wrote. A last line without its end, as a killed run leaves it, is left
/// out. UserError naming the file and the line when one is not an object of numbers, truth values and texts with an
/// `event`, or when the file cannot be read.
std::vector<MetricsRecord> read_metrics(const std::string& path);

/// The same, one line at a time: no more than that is in memory.
void for_each_metrics_record(const std::string& path, const std::function<void(const MetricsRecord&)>& use);

/// What is left of the metrics of a run that is gone on with.
struct KeptMetrics {
    int64_t last_step = 0;     ///< 0 where there is none
    bool end_dropped = false;  ///< its test stood last and went
};

/// Cuts the file back for a run that resumes after `step`: the first line of a later step and everything behind it go,
/// and so does a last line without its end. Where the run has not `finished`, so does a test that then stands last, or
/// behind which the run was only stopped: it is made again. Errors as of read_metrics, and Error when the file cannot
/// be shortened.
KeptMetrics truncate_metrics_after_step(const std::string& path, int64_t step, bool finished);

/// Whether events of that name belong to the end of a run, which is made again as a whole where it was cut off.
bool is_of_run_end(std::string_view event);

}  // namespace heed
