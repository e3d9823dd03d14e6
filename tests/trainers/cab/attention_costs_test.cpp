#include "heed/trainers/cab/attention_costs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/tests/trainers/benchmark/known_benchmark.h"
#include "heed/trainers/benchmark/attention_benchmark_json.h"
#include "heed/trainers/cab/report/benchmark_json.h"
#include "heed/trainers/cab/report/benchmark_page.h"
#include "heed/trainers/cab/report/cost_chart.h"
#include "heed/trainers/cab/report/cost_table.h"
#include "heed/trainers/cab/values_file.h"

namespace heed::test::attention_costs_test {
namespace {

constexpr AttentionPattern self = AttentionPattern::noncausal_self, causal = AttentionPattern::causal_self;

/// Two tasks in one pattern and one in another, with types of these names and attentions. Better from name to name.
Benchmark benchmark_of(const std::vector<std::pair<std::string, std::string>>& types) {
    std::vector<std::string> names;
    for (const auto& [name, attention] : types) names.push_back(name);
    Benchmark benchmark({{"reading", self, {{"accuracy", false}}},
                         {"seeing", self, {{"accuracy", false}}},
                         {"writing", causal, {{"loss", true}}}},
                        names, names.front());
    for (auto& task : benchmark.cells) {
        for (size_t i = 0; i < types.size(); ++i) {
            task[i].seeds = {{1, {0.5 + 0.1 * static_cast<double>(i * i)}}};
            if (!types[i].second.empty()) task[i].attention = read_attention_settings(types[i].second);
        }
    }
    return benchmark;
}

CostFile costs(std::vector<std::string> settings, const std::string& name = "costs.json",
               const std::string& patterns = "noncausal_self,causal_self") {
    settings.insert(settings.end(), {"lengths=100,200,400,800,1600", "patterns=" + patterns});
    return {name, known_benchmark(settings)};
}

std::string reason(const Benchmark& benchmark, const std::vector<CostFile>& files, const std::string& type,
                   AttentionPattern pattern = self) {
    for (const PatternCosts& each : pattern_costs(benchmark, files)) {
        if (each.pattern == pattern) return each.of(type).reason;
    }
    return "no such pattern";
}

TEST(AttentionCosts, StandBesideEveryTypeThatWasMeasured) {
    const Benchmark benchmark = benchmark_of({{"vanilla", "sdpa"}, {"smyrf", "smyrf"}, {"lara", "lara"}});
    const std::vector<PatternCosts> joined = pattern_costs(benchmark, {costs({"types=lara,sdpa,smyrf"})});
    ASSERT_EQ(joined.size(), 2u);
    EXPECT_EQ(joined[0].length(AttentionCost::total_time), 1600);
    const TypeCosts& smyrf = joined[0].of("smyrf");
    EXPECT_EQ(smyrf.file, "costs.json");
    EXPECT_EQ(smyrf.reason, "");
    const double relative = (4e-6 * 1600 + 1e-3) / (1e-8 * 1600 * 1600 + 1e-3);
    EXPECT_CLOSE(*smyrf.of(AttentionCost::forward_time).relative, relative, 1e-12);
    EXPECT_CLOSE(*smyrf.of(AttentionCost::total_time).fitted.length, 400.0, 1e-6);
    EXPECT_CLOSE(smyrf.of(AttentionCost::total_time).measured.length, 400.0, 1e-6);
    EXPECT_EQ(*smyrf.of(AttentionCost::total_memory).relative, 1.0);
    EXPECT_EQ(*joined[0].of("vanilla").of(AttentionCost::total_time).relative, 1.0);
    EXPECT_FALSE(joined[0].of("lara").is_empty());
    // In causal self-attention lara was not measured, as it cannot do it.
    const TypeCosts& causal_lara = joined[1].of("lara");
    EXPECT_FALSE(causal_lara.of(AttentionCost::total_time).relative);
    EXPECT_EQ(causal_lara.reason, "it has no time at 1,600 tokens: lara cannot do it");
}

TEST(AttentionCosts, AreNotThoseOfOtherSettings) {
    Benchmark benchmark =
        benchmark_of({{"sdpa", "sdpa"}, {"smyrf", "smyrf"}, {"narrow", "smyrf cluster=16"}, {"local", "local"}});
    const std::vector<CostFile> usual = {costs({"types=sdpa,smyrf"})};
    EXPECT_EQ(reason(benchmark, usual, "smyrf"), "");
    EXPECT_EQ(reason(benchmark, usual, "narrow"),
              "it has cluster=16 here, and was measured with cluster=32 (costs.json)");
    EXPECT_EQ(reason(benchmark, usual, "local"), "local is not in costs.json");
    // Each finds the file that has its settings.
    const std::vector<CostFile> both = {usual.front(),
                                        costs({"types=sdpa,smyrf", "attention.cluster=16"}, "narrow.json")};
    const std::vector<PatternCosts> joined = pattern_costs(benchmark, both);
    EXPECT_EQ(joined[0].of("smyrf").file, "costs.json");
    EXPECT_EQ(joined[0].of("narrow").file, "narrow.json");
    EXPECT_EQ(joined[0].of("local").reason, "local is not in costs.json or narrow.json");
    // Settings that all types have count as well, and those of the baseline for everyone.
    EXPECT_EQ(reason(benchmark, {costs({"types=sdpa,smyrf", "attention.dropout=0.3"})}, "smyrf"),
              "the baseline has dropout=0 here, and was measured with dropout=0.3 (costs.json)");
    benchmark.cells[1][1].attention = read_attention_settings("smyrf cluster=64");
    EXPECT_TRUE(contains(reason(benchmark, usual, "smyrf"), "cluster=32 block=64 in reading and smyrf"));
    EXPECT_EQ(reason(benchmark, usual, "smyrf", causal), "") << "there it is the same in all tasks";
    benchmark.cells[0][1].attention.reset();
    EXPECT_EQ(reason(benchmark, usual, "smyrf"), "its attention in reading is not known");
}

TEST(AttentionCosts, AreMissingWhereTheFileHasThemNot) {
    const Benchmark benchmark = benchmark_of({{"sdpa", "sdpa"}, {"smyrf", "smyrf"}, {"local", "local"}});
    CostFile file = costs({"types=sdpa,smyrf"}, "costs.json", "causal_self");
    EXPECT_EQ(reason(benchmark, {file}, "smyrf"), "costs.json has no noncausal self-attention");
    EXPECT_EQ(reason(benchmark, {file}, "smyrf", causal), "");
    file.measured.cells.back().times.reset();
    file.measured.cells.back().reason = "too long";
    EXPECT_EQ(reason(benchmark, {file}, "smyrf", causal), "it has no time at 1,600 tokens: too long");
    // Relative times are those of the greatest length at which there is one of the baseline.
    AttentionBenchmarkCell& sdpa = file.measured.cells[file.measured.cells.size() - 2];
    sdpa.times.reset();
    const std::vector<PatternCosts> joined = pattern_costs(benchmark, {file});
    EXPECT_EQ(joined[1].length(AttentionCost::total_time), 800);
    EXPECT_EQ(joined[1].length(AttentionCost::total_memory), 1600);
    EXPECT_EQ(joined[1].of("smyrf").reason, "");
    for (AttentionBenchmarkCell& cell : file.measured.cells) cell.times.reset();
    EXPECT_EQ(reason(benchmark, {file}, "smyrf", causal), "no time of the baseline is in costs.json");
}

TEST(AttentionCosts, FilesThatCannotStandTogetherAreRefused) {
    const TemporaryFolder folder;
    const auto written = [&](const std::string& name, const AttentionBenchmark& benchmark) {
        const std::string file = folder / name;
        write_text(file, attention_benchmark_json(benchmark));
        return file;
    };
    const std::string first = written("first.json", known_benchmark());
    const auto refusal = [&](const std::string& file) {
        return message_of<UserError>([&] { read_cost_files({first, file}); });
    };
    EXPECT_TRUE(contains(refusal(written("none.json", known_benchmark({"types=smyrf", "lengths=8,16"}))),
                         "none.json: expected sdpa, with which costs are compared, among its types"));
    EXPECT_TRUE(contains(refusal(written("other.json", known_benchmark({"types=sdpa", "lengths=8,16"}))),
                         "other.json were not measured alike: lengths 100, 200, 400, 800, 1600, and 8, 16"));
    EXPECT_TRUE(contains(refusal(first), "both have smyrf"));
    EXPECT_TRUE(contains(refusal(first), "in causal self-attention: expected one measurement of it"));
    AttentionBenchmark threads = known_benchmark();
    threads.facts.back().second = "2";
    EXPECT_TRUE(contains(refusal(written("threads.json", threads)), "were not measured alike: threads 1, and 2"));

    const std::vector<CostFile> files = {costs({"types=sdpa,smyrf"})};
    check_cost_baseline(files, "vanilla", "sdpa");
    check_cost_baseline({}, "super", "super");
    EXPECT_EQ(message_of<UserError>([&] { check_cost_baseline(files, "narrow", "smyrf"); }),
              "costs.json compares costs with sdpa, but the baseline is narrow of the type smyrf");
}

BenchmarkReport report_with_costs() {
    Benchmark benchmark =
        benchmark_of({{"sdpa", "sdpa"}, {"smyrf", "smyrf"}, {"narrow", "smyrf cluster=16"}, {"abc", "abc"}});
    benchmark.cells[0][3].seeds.clear();
    benchmark.cells[0][3].reason = "it failed";
    CostFile file = costs({"types=sdpa,smyrf,abc"});
    // The time of smyrf at 1,600 tokens is so long that the line does not fit.
    for (AttentionBenchmarkCell& cell : file.measured.cells) {
        if (cell.length == 1600 && cell.type == 1 && cell.pattern == self) cell.times->total.median *= 40.0;
    }
    file.measured.efficiencies = type_efficiencies(file.measured);
    BenchmarkReport report("Costs", benchmark, own_cohorts(benchmark));
    report.costs = pattern_costs(benchmark, {file});
    return report;
}

TEST(CostReport, TableHasIndexDeltaAndCosts) {
    const BenchmarkReport report = report_with_costs();
    const TextTable table = cost_table(report, report.boards[1]);
    EXPECT_EQ(table.front()[3], "time at 1,600 tokens (sdpa = 1)");
    for (const std::vector<std::string>& row : table) {
        EXPECT_EQ(row.size(), table.front().size());
        if (row[0] == "abc") {
            EXPECT_EQ(row[3], "0.278");
            EXPECT_EQ(row[4], "400");
            EXPECT_EQ(row[5], "400");
            EXPECT_EQ(row[8], "none: dearer at 1,600") << "as much memory as sdpa";
        }
        if (row[0] == "sdpa") {
            EXPECT_EQ(std::vector(row.begin() + 2, row.begin() + 6),
                      (std::vector<std::string>{"baseline", "1", "-", "-"}));
        }
        if (row[0] == "narrow") {
            EXPECT_EQ(row[3] + row[4] + row[5], "---");
        }
    }
    std::string gaps;
    for (const std::string& gap : cost_gaps(report, report.boards[0])) gaps += gap + "\n";
    EXPECT_TRUE(contains(gaps, "Without costs: narrow: it has cluster=16 here, and was measured with cluster=32"));
    EXPECT_TRUE(contains(gaps, "an R² is not above 0.98): smyrf."));
    EXPECT_TRUE(contains(gaps, "There is no efficiency length of memory (the costs of sdpa do not curve upwards"));
    const std::string text = benchmark_text(report), document = benchmark_markdown(report);
    EXPECT_TRUE(contains(text, "Quality against cost (CS)")) << text;
    EXPECT_TRUE(contains(document, "## Quality against cost (NS)")) << document;
    EXPECT_TRUE(contains(document, "Efficiency length (CAB)"));
    BenchmarkReport without("No costs", report.benchmark, report.cohorts);
    EXPECT_FALSE(contains(benchmark_markdown(without) + benchmark_page(without), "ost ("));
}

TEST(CostReport, JsonAndCsvHaveAllCosts) {
    const BenchmarkReport report = report_with_costs();
    const nlohmann::json json = nlohmann::json::parse(benchmark_json(report));
    for (const nlohmann::json& type : json["leaderboards"][1]["types"]) {
        const nlohmann::json& of = type["costs"];
        if (type["type"] == "narrow") {
            EXPECT_TRUE(of["file"].is_null());
            EXPECT_TRUE(contains(of["reason"].get<std::string>(), "cluster=16"));
        } else if (type["type"] == "sdpa") {
            EXPECT_EQ(of["total_seconds"]["relative"], 1.0);
            EXPECT_FALSE(of["total_seconds"].contains("measured"));
        } else {
            EXPECT_EQ(of["total_seconds"]["length"], 1600);
            EXPECT_EQ(of["total_seconds"]["measured"], "at_length");
            EXPECT_CLOSE(of["forward_seconds"]["fitted_length"].get<double>(), 400.0, 1e-6);
            EXPECT_TRUE(of["total_bytes"]["fitted_length"].is_null());
        }
    }
    EXPECT_EQ(json["tasks"][0]["cells"][2]["attention"], "smyrf bias=true dropout=0 rounds=2 cluster=16 block=64");
    const std::string csv = costs_csv(report);
    const auto commas = [](const std::string& line) { return std::count(line.begin(), line.end(), ','); };
    const std::string header = csv.substr(0, csv.find('\n'));
    int64_t lines = 0;
    for (size_t at = 0; at < csv.size(); at = csv.find('\n', at) + 1, ++lines) {
        const std::string line = csv.substr(at, csv.find('\n', at) - at);
        if (contains(line, "cluster=16")) continue;  // a text with commas
        EXPECT_EQ(commas(line), commas(header)) << line;
    }
    EXPECT_EQ(lines, 1 + 2 * (3 * 4 + 1)) << "a line each cost of what was measured, and the one without";
}

TEST(CostReport, PictureHasWhatHasIndexAndTime) {
    const BenchmarkReport report = report_with_costs();
    const std::string self_chart = cost_chart(report, report.boards[0]);
    EXPECT_TRUE(contains(self_chart, "<title>sdpa: index "));
    EXPECT_TRUE(contains(self_chart, "<title>smyrf: index "));
    EXPECT_FALSE(contains(self_chart, "<title>narrow"));
    EXPECT_FALSE(contains(self_chart, "<title>abc"));
    EXPECT_TRUE(contains(self_chart, "as without an index: abc."));
    const std::string page = benchmark_page(report);
    EXPECT_TRUE(contains(page, "class=\"front\""));
    EXPECT_TRUE(contains(page, "Without costs: narrow"));
    BenchmarkReport empty = report;
    empty.costs = pattern_costs(report.benchmark, {costs({"types=sdpa,lara", "attention.dropout=0.5"})});
    EXPECT_EQ(cost_chart(empty, empty.boards[0]), "");
    EXPECT_TRUE(contains(benchmark_page(empty), "the baseline has dropout=0 here"));
}

TEST(ValuesFile, TellsTheAttentionOfACell) {
    const TemporaryFolder folder;
    const std::string file = folder / "values.csv";
    const Benchmark benchmark = benchmark_of({{"sdpa", "sdpa"}, {"narrow", "smyrf cluster=16"}, {"other", ""}});
    write_text(file, values_csv(benchmark));
    const Benchmark read = read_values(file, "sdpa");
    EXPECT_EQ(values_csv(read), values_csv(benchmark));
    EXPECT_EQ(read.cells[0][1].attention, benchmark.cells[0][1].attention);
    EXPECT_FALSE(read.cells[0][2].attention);
    const auto refusal = [&](const std::string& lines) {
        write_text(file, "pattern,task,metric,better,type,value,attention\n" + lines);
        return message_of<UserError>([&] { read_values(file, "sdpa"); });
    };
    EXPECT_TRUE(contains(refusal("causal_self,lm,loss,lower,sdpa,2,sdpb\n"), "line 2: attention: "));
    EXPECT_TRUE(contains(refusal("causal_self,lm,loss,lower,sdpa,2,sdpa\ncausal_self,lm,bits,lower,sdpa,2,super\n"),
                         "line 3: attention differs"));
}

}  // namespace
}  // namespace heed::test::attention_costs_test
