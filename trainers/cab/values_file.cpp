#include "heed/trainers/cab/values_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/files/csv_records.h"
#include "heed/trainers/answers/class_table.h"
#include "heed/trainers/benchmark/pattern_key.h"

namespace heed {

namespace {

constexpr char members_separator = ' ';

/// One line of a CSV file, whose fields are asked for by name.
class CsvLine {
public:
    CsvLine(const TextFile& file, int64_t line, const std::vector<std::string>& columns,
            const std::vector<std::string>& fields)
        : file_(file), line_(line) {
        if (fields.size() != columns.size()) {
            fail(fmt::format("expected {} fields, got {}", columns.size(), fields.size()));
        }
        for (size_t i = 0; i < columns.size(); ++i) fields_[columns[i]] = fields[i];
    }

    [[noreturn]] void fail(const std::string& problem) const { file_.fail(line_, problem); }

    std::string text(const char* column, const char* otherwise = "") const {
        const auto found = fields_.find(column);
        return found == fields_.end() || found->second.empty() ? otherwise : found->second;
    }

    std::string name(const char* column) const {
        const std::string value = text(column);
        if (value.empty()) fail(std::string(column) + " is empty");
        return value;
    }

    double number(const char* column) const {
        double value = 0.0;
        if (!parse_double(text(column), value)) {
            fail(std::string(column) + " expects a number, got " + quote(text(column)));
        }
        constexpr double greatest = 1e30;  // squares of more are no numbers
        if (std::abs(value) > greatest) {
            fail(fmt::format("{} expects a number of at most {} in size, got {}", column, greatest, text(column)));
        }
        return value;
    }

    int64_t whole_number(const char* column, const char* otherwise) const {
        int64_t value = 0;
        if (!parse_int(text(column, otherwise), value)) {
            fail(std::string(column) + " expects a whole number, got " + quote(text(column)));
        }
        return value;
    }

    /// Whether the value is the first of the two that it may be.
    bool is_first(const char* column, const char* first, const char* second, const char* otherwise) const {
        const std::string value = text(column, otherwise);
        if (value != first && value != second) {
            fail(fmt::format("{} expects {} or {}, got {}", column, first, second, quote(value)) +
                 did_you_mean(value, {first, second}));
        }
        return value == first;
    }

    AttentionPattern pattern() const {
        const std::string key = name("pattern");
        if (const auto pattern = pattern_of_key(key)) return *pattern;
        fail("pattern expects " + listed(pattern_keys(), " or ") + ", got " + quote(key) +
             did_you_mean(key, pattern_keys()));
    }

private:
    const TextFile& file_;
    int64_t line_;
    std::map<std::string, std::string> fields_;
};

/// Reads a CSV file whose first line names its columns.
template <class Take>
void read_csv(const TextFile& file, const std::vector<std::string>& needed, const std::vector<std::string>& optional,
              const Take& take) {
    std::vector<std::string> columns, known = needed;
    known.insert(known.end(), optional.begin(), optional.end());
    read_csv_records(file, ',', [&](int64_t line, std::vector<std::string>& fields) {
        if (!columns.empty()) return take(CsvLine(file, line, columns, fields));
        columns = fields;
        for (size_t i = 0; i < columns.size(); ++i) {
            if (std::find(known.begin(), known.end(), columns[i]) == known.end()) {
                file.fail(line, "unknown column " + quote(columns[i]) + did_you_mean(columns[i], known) +
                                    "; expected " + listed(known));
            }
            if (std::find(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(i), columns[i]) !=
                columns.begin() + static_cast<std::ptrdiff_t>(i)) {
                file.fail(line, "the column " + columns[i] + " is there twice");
            }
        }
        for (const std::string& name : needed) {
            if (std::find(columns.begin(), columns.end(), name) == columns.end()) {
                file.fail(line, "the column " + name + " is missing; expected " + listed(known));
            }
        }
    });
    if (columns.empty()) file.fail(1, "expected a line of names: " + listed(known));
}

/// Tasks and types in the order in which a file names them, and its values.
class ValuesReader {
public:
    explicit ValuesReader(const std::string& file) : file_(file) {}

    Benchmark read(const std::string& baseline) {
        read_csv(file_, {"pattern", "task", "metric", "better", "type", "value"},
                 {"seed", "cohort", "reason", "attention"}, [&](const CsvLine& line) { take(line); });
        if (values_.empty()) throw UserError(file_.name() + ": expected values, found none");
        Benchmark benchmark(tasks_, types_, baseline);
        if (benchmark.find_type(baseline) == types_.size()) {
            throw UserError(file_.name() + ": the baseline " + quote(baseline) + " is none of its types, " +
                            listed(types_) + did_you_mean(baseline, types_));
        }
        for (size_t task = 0; task < tasks_.size(); ++task) {
            for (size_t type = 0; type < types_.size(); ++type) fill(benchmark, task, type);
        }
        return benchmark;
    }

private:
    struct CellKey {
        size_t task = 0, type = 0;
        auto operator<=>(const CellKey&) const = default;
    };

    static size_t index_in(std::vector<std::string>& names, const std::string& name) {
        const auto found = std::find(names.begin(), names.end(), name);
        if (found != names.end()) return static_cast<size_t>(found - names.begin());
        names.push_back(name);
        return names.size() - 1;
    }

    /// Tasks of the same name in two patterns are two tasks.
    size_t task_of(const CsvLine& line) {
        const std::string name = line.name("task");
        const AttentionPattern pattern = line.pattern();
        for (size_t i = 0; i < tasks_.size(); ++i) {
            if (tasks_[i].name == name && tasks_[i].pattern == pattern) return i;
        }
        tasks_.push_back({name, pattern, {}});
        return tasks_.size() - 1;
    }

    void take(const CsvLine& line) {
        const size_t task = task_of(line);
        const CellKey cell = {task, index_in(types_, line.name("type"))};
        const bool in_cohort = line.is_first("cohort", "yes", "no", "yes");
        const auto [known, is_new] = in_cohort_.emplace(cell, in_cohort);
        if (!is_new && known->second != in_cohort) line.fail("cohort differs from that of an earlier line of the cell");
        take_attention(line, cell);
        if (line.text("value").empty()) {
            reasons_[cell] = line.text("reason", "no value");
            if (values_.contains(cell)) line.fail("the cell has values in an earlier line");
            return;
        }
        if (reasons_.contains(cell)) line.fail("the cell is empty by an earlier line");
        const std::string metric = line.name("metric");
        const bool less_is_better = line.is_first("better", "lower", "higher", "");
        std::vector<BenchmarkMetric>& metrics = tasks_[task].metrics;
        auto found =
            std::find_if(metrics.begin(), metrics.end(), [&](const auto& each) { return each.name == metric; });
        if (found == metrics.end()) found = metrics.insert(metrics.end(), {metric, less_is_better});
        if (found->less_is_better != less_is_better)
            line.fail("better differs from that of an earlier line of " + metric);
        const int64_t seed = line.whole_number("seed", "0");
        if (!values_[cell][seed].emplace(metric, line.number("value")).second) {
            line.fail("a value of this metric, type and seed is in an earlier line");
        }
    }

    void take_attention(const CsvLine& line, const CellKey& cell) {
        std::optional<AttentionSettings> attention;
        try {
            if (const std::string text = line.text("attention"); !text.empty())
                attention = read_attention_settings(text);
        } catch (const UserError& error) {
            line.fail(std::string("attention: ") + error.what());
        }
        const auto [known, is_new] = attention_.emplace(cell, attention);
        if (!is_new && known->second != attention) {
            line.fail("attention differs from that of an earlier line of the cell");
        }
    }

    void fill(Benchmark& benchmark, size_t task, size_t type) const {
        BenchmarkCell& cell = benchmark.cells[task][type];
        const CellKey key = {task, type};
        if (const auto found = in_cohort_.find(key); found != in_cohort_.end()) cell.in_cohort = found->second;
        if (const auto found = attention_.find(key); found != attention_.end()) cell.attention = found->second;
        const auto values = values_.find(key);
        if (values == values_.end()) {
            const auto reason = reasons_.find(key);
            cell.reason = reason == reasons_.end() ? "not in " + file_.name() : reason->second;
            return;
        }
        for (const auto& [seed, by_metric] : values->second) {
            for (const BenchmarkMetric& metric : tasks_[task].metrics) {
                const auto value = by_metric.find(metric.name);
                if (value == by_metric.end()) {
                    throw UserError(fmt::format("{}: {} of {} has no {} for seed {}, which others have", file_.name(),
                                                types_[type], tasks_[task].name, metric.name, seed));
                }
                cell.seeds[seed].push_back(value->second);
            }
        }
    }

    TextFile file_;
    std::vector<BenchmarkTask> tasks_;
    std::vector<std::string> types_;
    std::map<CellKey, std::map<int64_t, std::map<std::string, double>>> values_;
    std::map<CellKey, std::string> reasons_;
    std::map<CellKey, bool> in_cohort_;
    std::map<CellKey, std::optional<AttentionSettings>> attention_;
};

std::vector<std::string> split_members(const std::string& text) {
    std::vector<std::string> members;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find(members_separator, at), text.size());
        if (end > at) members.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return members;
}

Cohort read_cohort(const CsvLine& line, const std::string& file) {
    Cohort cohort;
    if (line.text("mean").empty() && line.text("deviation").empty()) {
        cohort.reason = fmt::format("{} has no scale for {} of {}", file, line.text("metric"), line.text("task"));
        return cohort;
    }
    cohort.mean = line.number("mean");
    cohort.deviation = line.number("deviation");
    cohort.count = line.whole_number("count", "");
    cohort.members = split_members(line.text("members"));
    if (!(cohort.deviation > 0.0))
        line.fail("deviation expects a number above 0, got " + quote(line.text("deviation")));
    if (cohort.count < least_cohort) {
        line.fail(fmt::format("a cohort has {} types or more, got {}", least_cohort, cohort.count));
    }
    return cohort;
}

}  // namespace

std::string values_csv(const Benchmark& benchmark) {
    std::string text = "pattern,task,metric,better,type,seed,value,cohort,reason,attention\n";
    for (size_t i = 0; i < benchmark.tasks.size(); ++i) {
        const BenchmarkTask& task = benchmark.tasks[i];
        for (size_t type = 0; type < benchmark.types.size(); ++type) {
            const BenchmarkCell& cell = benchmark.cells[i][type];
            const std::string place = std::string(pattern_key(task.pattern)) + "," + csv_field(task.name) + ",";
            const std::string name = csv_field(benchmark.types[type]) + ",";
            const char* cohort = cell.in_cohort ? ",yes," : ",no,";
            const std::string attention = "," + (cell.attention ? csv_field(cell.attention->text()) : "") + "\n";
            if (cell.is_empty()) text += place + ",," + name + "," + cohort + csv_field(cell.reason) + attention;
            for (const auto& [seed, values] : cell.seeds) {
                for (size_t metric = 0; metric < values.size(); ++metric) {
                    const BenchmarkMetric& of = task.metrics[metric];
                    text += place + csv_field(of.name) + (of.less_is_better ? ",lower," : ",higher,") + name +
                            std::to_string(seed) + "," + format_double(values[metric]) + cohort + attention;
                }
            }
        }
    }
    return text;
}

Benchmark read_values(const std::string& file, const std::string& baseline) {
    return ValuesReader(file).read(baseline);
}

std::string cohorts_csv(const Benchmark& benchmark, const Cohorts& cohorts) {
    std::string text = "pattern,task,metric,mean,deviation,count,members\n";
    for (size_t i = 0; i < benchmark.tasks.size(); ++i) {
        const BenchmarkTask& task = benchmark.tasks[i];
        for (size_t metric = 0; metric < task.metrics.size(); ++metric) {
            const Cohort& cohort = cohorts[i][metric];
            std::string members;
            for (const std::string& member : cohort.members) members += (members.empty() ? "" : " ") + member;
            const bool is_scale = cohort.reason.empty();
            text += fmt::format("{},{},{},{},{},{},{}\n", pattern_key(task.pattern), csv_field(task.name),
                                csv_field(task.metrics[metric].name), is_scale ? format_double(cohort.mean) : "",
                                is_scale ? format_double(cohort.deviation) : "", cohort.count, csv_field(members));
        }
    }
    return text;
}

Cohorts read_cohorts(const std::string& file, const Benchmark& benchmark) {
    const TextFile text(file);
    std::map<std::tuple<AttentionPattern, std::string, std::string>, Cohort> known;
    read_csv(text, {"pattern", "task", "metric", "mean", "deviation", "count"}, {"members"}, [&](const CsvLine& line) {
        if (!known.emplace(std::tuple(line.pattern(), line.name("task"), line.name("metric")), read_cohort(line, file))
                 .second) {
            line.fail("the cohort of this metric is in an earlier line");
        }
    });
    Cohorts cohorts;
    for (const BenchmarkTask& task : benchmark.tasks) {
        std::vector<Cohort>& of_task = cohorts.emplace_back();
        for (const BenchmarkMetric& metric : task.metrics) {
            const auto found = known.find({task.pattern, task.name, metric.name});
            if (found == known.end()) {
                throw UserError(fmt::format("{}: expected a cohort for {} of {} ({}), found none", file, metric.name,
                                            task.name, pattern_key(task.pattern)));
            }
            of_task.push_back(found->second);
        }
    }
    return cohorts;
}

}  // namespace heed
