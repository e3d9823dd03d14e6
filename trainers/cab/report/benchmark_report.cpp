#include "heed/trainers/cab/report/benchmark_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/benchmark/pattern_key.h"
#include "heed/trainers/cab/report/cost_table.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr const char* no_figure = "-";

std::string range_text(const std::optional<Interval>& interval) {
    return interval ? fmt::format(" ({:+.2f} to {:+.2f})", interval->low, interval->high) : "";
}

std::string rank_text(const PatternIndex& type) {
    if (type.rank == 0) return no_figure;
    if (type.best_rank == 0 || type.seeds.count < 2) return std::to_string(type.rank);
    return type.best_rank == type.worst_rank ? fmt::format("{} ({})", type.rank, type.best_rank)
                                             : fmt::format("{} ({}-{})", type.rank, type.best_rank, type.worst_rank);
}

std::string value_text(const std::vector<double>& values) {
    const Summary summary = summary_of(values);
    if (summary.count < 2) return fmt::format("{:.4g}", summary.mean);
    return fmt::format("{:.4g} ± {:.2g}", summary.mean, summary.deviation);
}

std::vector<std::string> notes_on_index() {
    return {
        "The Compositional Index (CAB, Zhang et al., ICML 2023) is the mean over a pattern's tasks of the mean over a "
        "task's metrics of (value - mean) / deviation, with the sign turned where less is better. Mean and sample "
        "standard deviation are those of the cohort, which is stored beside it; a value of a type is its mean over "
        "seeds. A type that lacks a task of a pattern has no average there.",
        "Each seed's values are scored by the same cohort; intervals are those of Student's t for the mean over seeds "
        "(of delta: of differences paired by seed), ranks in brackets the span over seeds. They tell of chance "
        "in training, not of what another choice of tasks, sizes or types would give.",
        "The index depends on its cohort: a type that is added or left out moves all others, so that numbers of two "
        "cohorts cannot be compared. Of few types its deviation is uncertain, and one outlier makes it so large that "
        "the others look alike. The raw tables are what was measured."};
}

/// Tables in sections with titles.
class Sections {
public:
    Sections(std::string (*title)(const std::string&), std::string (*table)(const TextTable&))
        : title_(title), table_(table) {}

    std::string text(const BenchmarkReport& report) {
        for (const Leaderboard& board : report.boards) {
            text_ += title_(pattern_title(board.pattern)) + table_(leaderboard_table(report, board)) + "\n";
            for (const std::string& gap : gaps_of(report, board)) text_ += gap + "\n\n";
            if (report.costs.empty()) continue;
            text_ += title_(cost_title(board.pattern)) + table_(cost_table(report, board)) + "\n";
            for (const std::string& gap : cost_gaps(report, board)) text_ += gap + "\n\n";
        }
        for (size_t task = 0; task < report.benchmark.tasks.size(); ++task) {
            const BenchmarkTask& of = report.benchmark.tasks[task];
            text_ += title_(fmt::format("{} ({})", of.name, pattern_initials(of.pattern))) +
                     table_(raw_table(report, task)) + "\n";
        }
        if (!report.correlations.empty()) {
            text_ += title_("Correlation between patterns") + table_(correlation_table(report)) + "\n";
        }
        return std::move(text_);
    }

private:
    std::string (*title_)(const std::string&);
    std::string (*table_)(const TextTable&);
    std::string text_;
};

}  // namespace

BenchmarkReport::BenchmarkReport(std::string report_title, Benchmark values, Cohorts scales)
    : title(std::move(report_title)),
      benchmark(std::move(values)),
      cohorts(std::move(scales)),
      boards(leaderboards(benchmark, cohorts)),
      correlations(pattern_correlations(boards)) {}

const PatternCosts& BenchmarkReport::costs_of(AttentionPattern pattern) const {
    return *std::find_if(costs.begin(), costs.end(), [&](const auto& each) { return each.pattern == pattern; });
}

std::string pattern_title(AttentionPattern pattern) {
    std::string title = attention_pattern_name(pattern);
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
    return title + " (" + pattern_initials(pattern) + ")";
}

std::string index_text(const std::optional<double>& index) {
    return index ? fmt::format("{:+.3f}", *index) : no_figure;
}

std::string cost_title(AttentionPattern pattern) {
    return std::string("Quality against cost (") + pattern_initials(pattern) + ")";
}

TextTable leaderboard_table(const BenchmarkReport& report, const Leaderboard& board) {
    TextTable table = {{"attention", "rank (of seeds)", "index", "95 % over seeds",
                        "delta to " + report.benchmark.baseline + " (95 %)"}};
    for (const size_t task : board.tasks) table.front().push_back(report.benchmark.tasks[task].name);
    for (const PatternIndex& type : board.types) {
        std::vector<std::string> row = {type.type, rank_text(type), index_text(type.index)};
        row.push_back(type.interval ? range_text(type.interval).substr(1) : no_figure);
        const bool is_base = type.type == report.benchmark.baseline;
        row.push_back(is_base && type.delta ? "baseline" : index_text(type.delta) + range_text(type.delta_interval));
        for (const std::optional<double>& index : type.tasks) row.push_back(index_text(index));
        table.push_back(std::move(row));
    }
    return table;
}

TextTable raw_table(const BenchmarkReport& report, size_t task) {
    const Benchmark& benchmark = report.benchmark;
    TextTable table = {{"attention", "seeds"}};
    for (const BenchmarkMetric& metric : benchmark.tasks[task].metrics) {
        table.front().push_back(metric.name + (metric.less_is_better ? " (less is better)" : " (more is better)"));
    }
    bool has_costs = false;
    for (const BenchmarkCell& cell : benchmark.cells[task]) has_costs = has_costs || cell.training_seconds;
    if (has_costs) table.front().insert(table.front().end(), {"parameters", "training"});
    for (size_t type = 0; type < benchmark.types.size(); ++type) {
        const BenchmarkCell& cell = benchmark.cells[task][type];
        std::vector<std::string> row = {benchmark.types[type], std::to_string(cell.seeds.size())};
        for (size_t metric = 0; metric < benchmark.tasks[task].metrics.size(); ++metric) {
            row.push_back(cell.is_empty() ? no_figure : value_text(cell.values(metric)));
        }
        if (has_costs) {
            row.push_back(cell.parameters ? group_digits(std::llround(*cell.parameters)) : no_figure);
            row.push_back(cell.training_seconds ? duration_text(*cell.training_seconds) : no_figure);
        }
        table.push_back(std::move(row));
    }
    return table;
}

std::vector<std::string> gaps_of(const BenchmarkReport& report, const Leaderboard& board) {
    std::vector<std::pair<std::string, std::vector<std::string>>> found;  // reasons and the types that have them
    for (const PatternIndex& type : board.types) {
        const size_t column = report.benchmark.find_type(type.type);
        std::string reasons;
        for (const size_t task : board.tasks) {
            const BenchmarkCell& cell = report.benchmark.cells[task][column];
            if (!cell.is_empty() || reasons.find(cell.reason) != std::string::npos) continue;
            reasons += (reasons.empty() ? "" : "; ") + cell.reason;
        }
        if (reasons.empty()) continue;
        const auto same =
            std::find_if(found.begin(), found.end(), [&](const auto& each) { return each.first == reasons; });
        if (same == found.end()) {
            found.push_back({reasons, {type.type}});
        } else {
            same->second.push_back(type.type);
        }
    }
    std::vector<std::string> gaps;
    for (const auto& [reasons, types] : found) {
        gaps.push_back(listed(types) + (types.size() == 1 ? " has" : " have") + " no average: " + reasons + ".");
    }
    if (!board.reason.empty()) gaps.push_back("Nobody has an index here: " + board.reason + ".");
    return gaps;
}

TextTable cohort_table(const BenchmarkReport& report) {
    TextTable table = {{"metric", "mean", "deviation", "types", "members"}};
    for (size_t task = 0; task < report.benchmark.tasks.size(); ++task) {
        const BenchmarkTask& of = report.benchmark.tasks[task];
        for (size_t metric = 0; metric < of.metrics.size(); ++metric) {
            const Cohort& cohort = report.cohorts[task][metric];
            const std::string name =
                fmt::format("{} ({}) {}", of.name, pattern_initials(of.pattern), of.metrics[metric].name);
            std::string members;
            for (const std::string& member : cohort.members) members += (members.empty() ? "" : ", ") + member;
            const bool known = std::isfinite(cohort.mean);
            table.push_back({name, known ? fmt::format("{:.5g}", cohort.mean) : no_figure,
                             std::isfinite(cohort.deviation) ? fmt::format("{:.4g}", cohort.deviation) : no_figure,
                             std::to_string(cohort.count), members.empty() ? no_figure : members});
        }
    }
    return table;
}

TextTable correlation_table(const BenchmarkReport& report) {
    TextTable table = {{"patterns", "Pearson", "95 %", "types", "which"}};
    for (const PatternCorrelation& each : report.correlations) {
        std::string types;
        for (const std::string& type : each.types) types += (types.empty() ? "" : ", ") + type;
        table.push_back({fmt::format("{}-{}", pattern_initials(each.first), pattern_initials(each.second)),
                         each.pearson ? fmt::format("{:+.3f}", *each.pearson) : no_figure,
                         each.interval ? range_text(each.interval).substr(1) : no_figure,
                         std::to_string(each.types.size()), types.empty() ? no_figure : types});
    }
    return table;
}

std::vector<std::string> notes_of(const BenchmarkReport& report) {
    std::vector<std::string> notes = notes_on_index();
    if (!report.costs.empty()) {
        for (std::string& note : notes_on_costs()) notes.push_back(std::move(note));
    }
    notes.insert(notes.end(), report.notes.begin(), report.notes.end());
    return notes;
}

std::string note_on_correlations() {
    return "Pearson's correlation of the index over the types that have one in both patterns, with Fisher's interval. "
           "Fewer than three types are not correlated, and of three or four nearly every value comes about by chance: "
           "an interval that holds 0 says nothing.";
}

std::string benchmark_text(const BenchmarkReport& report) {
    return Sections([](const std::string& title) { return title + "\n"; }, aligned).text(report);
}

std::string benchmark_markdown(const BenchmarkReport& report) {
    std::string text = "# " + report.title + "\n\n";
    for (const auto& [label, value] : report.facts) text += fmt::format("- {}: {}\n", label, value);
    text += "\n" + Sections([](const std::string& title) { return "## " + title + "\n\n"; }, markdown).text(report);
    text += note_on_correlations() + "\n\n## Cohorts\n\n" + markdown(cohort_table(report)) + "\n## Notes\n\n";
    for (const std::string& note : notes_of(report)) text += note + "\n\n";
    return text;
}

}  // namespace heed
