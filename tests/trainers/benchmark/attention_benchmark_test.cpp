#include "heed/trainers/benchmark/attention_benchmark.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/trainers/benchmark/known_benchmark.h"
#include "heed/trainers/benchmark/attention_benchmark_json.h"
#include "heed/trainers/benchmark/attention_benchmark_page.h"
#include "heed/trainers/benchmark/attention_benchmark_text.h"
#include "heed/trainers/benchmark/attention_passes.h"
#include "heed/trainers/benchmark/pattern_key.h"

namespace heed::test::attention_benchmark_test {
namespace {

using Words = std::vector<std::string>;

std::string refusal(const Words& settings) {
    return message_of<UserError>([&] { attention_benchmark_plan(settings); });
}

TEST(Quartiles, AreInterpolated) {
    const Quartiles of_four = quartiles_of({4.0, 1.0, 3.0, 2.0});
    EXPECT_DOUBLE_EQ(of_four.low, 1.75);
    EXPECT_DOUBLE_EQ(of_four.median, 2.5);
    EXPECT_DOUBLE_EQ(of_four.high, 3.25);
    EXPECT_DOUBLE_EQ(quartiles_of({7.0}).high, 7.0);
    EXPECT_TRUE(std::isnan(quartiles_of({}).median));
}

TEST(AttentionBenchmarkPlan, HasAllTypesAndPatternsUnlessToldOtherwise) {
    const AttentionBenchmarkPlan all = attention_benchmark_plan({});
    EXPECT_EQ(all.types.size(), attention_types().size());
    EXPECT_EQ(all.patterns.size(), 4U);
    EXPECT_EQ(all.lengths, (std::vector<int64_t>{256, 512, 1024, 2048, 4096, 8192}));
    const AttentionBenchmarkPlan some = attention_benchmark_plan(
        {"types=smyrf,sdpa", "patterns=causal_self", "lengths=64,16", "attention.rounds=3", "attention.dropout=0.1"});
    EXPECT_EQ(some.lengths, (std::vector<int64_t>{16, 64})) << "rising";
    ASSERT_EQ(some.types.size(), 2U);
    EXPECT_EQ(some.types[0].given, (Words{"rounds=3", "dropout=0.1"}));
    EXPECT_EQ(some.types[1].given, (Words{"dropout=0.1"})) << "sdpa has no rounds";
    EXPECT_EQ(some.types[1].choice().options->dropout, 0.1);
}

TEST(AttentionBenchmarkPlan, RefusesWhatCannotBe) {
    for (const auto& [setting, part] : std::vector<std::pair<std::string, std::string>>{
             {"types=sdpaa", "did you mean sdpa?"},
             {"types=sdpa,sdpa", "types names sdpa twice"},
             {"patterns=causal_slef", "did you mean causal_self?"},
             {"lengths=abc", "numbers from 1 to 1048576, got \"abc\""},
             {"lengths=0", "got \"0\""},
             {"lengths=1e18", "got \"1e18\""},
             {"lengths=2.5", "lengths expects whole numbers, got 2.5"},
             {"lengths=64,64", "lengths names 64 twice"},
             {"lengths=", "at least one length"},
             {"heads=3", "heads must divide dim, got 3 and 512"},
             {"length=64", "did you mean lengths?"},
             {"device=shapes", "got \"shapes\""},
             {"attention.round=3", "did you mean rounds?"},
             {"attention.rounds=no", "attention.rounds expects a whole number"},
             {"attention.type=smyrf", "types="},
         }) {
        EXPECT_TRUE(contains(refusal({setting}), part)) << setting << ": " << refusal({setting});
    }
    EXPECT_TRUE(contains(refusal({"attention.rounds=2", "attention.rounds=3"}), "given twice"));
}

TEST(AttentionBenchmark, MeasuresEveryTypeInThePatternsThatItCanDo) {
    const AttentionBenchmark benchmark = measure_attention(small_plan({"lengths=5,12"}), {});
    EXPECT_EQ(benchmark.cells.size(), 4 * 2 * attention_types().size());
    for (const AttentionBenchmarkCell& cell : benchmark.cells) {
        const AttentionType& type = *benchmark.plan.types[cell.type].type;
        SCOPED_TRACE(std::string(type.name) + ", " + pattern_key(cell.pattern) + ", " + std::to_string(cell.length));
        if (!type.capabilities.can(cell.pattern)) {
            EXPECT_TRUE(contains(cell.reason, "cannot do")) << cell.reason;
            EXPECT_FALSE(cell.times || cell.bytes);
            continue;
        }
        EXPECT_EQ(cell.reason, "");
        ASSERT_TRUE(cell.times && cell.bytes);
        EXPECT_EQ(cell.times->runs, 2);
        EXPECT_GT(cell.times->forward.median, 0.0);
        EXPECT_GE(cell.times->total.median, cell.times->forward.median);
        EXPECT_LE(cell.times->total.low, cell.times->total.high);
        EXPECT_FALSE(cell.bytes->counted);
        EXPECT_GE(cell.bytes->total, cell.bytes->forward);
        // The output at least has to be there.
        EXPECT_GE(cell.bytes->forward, cell.length * 8 * int64_t{sizeof(float)});
    }
    const auto bytes_of = [](const AttentionBenchmark& of) {
        std::vector<int64_t> bytes;
        for (const AttentionBenchmarkCell& cell : of.cells) {
            if (cell.bytes) bytes.insert(bytes.end(), {cell.bytes->forward, cell.bytes->total});
        }
        return bytes;
    };
    const std::vector<int64_t> first = bytes_of(benchmark);
    EXPECT_EQ(first, bytes_of(measure_attention(benchmark.plan, {}))) << "memory is the same each time";
    AttentionBenchmarkPlan none = benchmark.plan;
    none.options.budget = 1e-9;
    const AttentionBenchmark counted = measure_attention(none, {});
    EXPECT_EQ(first, bytes_of(counted)) << "counted without computing";
    for (const AttentionBenchmarkCell& cell : counted.cells) {
        if (!cell.bytes) continue;
        EXPECT_TRUE(cell.bytes->counted);
        EXPECT_TRUE(contains(cell.reason, "more than the budget")) << cell.reason;
    }
}

TEST(AttentionBenchmark, LeavesCellsEmptyForWhatDoesNotFit) {
    AttentionBenchmarkPlan plan = small_plan({"types=sdpa,super", "patterns=noncausal_self", "lengths=16,1048576"});
    plan.options.budget = 0.5;
    const AttentionBenchmark benchmark = measure_attention(plan, {});
    const AttentionBenchmarkCell& dense = benchmark.cell(AttentionPattern::noncausal_self, 1048576, 0);
    EXPECT_FALSE(dense.times);
    EXPECT_TRUE(contains(dense.reason, "a pass would take about")) << dense.reason;
    const AttentionBenchmarkCell& matrix = benchmark.cell(AttentionPattern::noncausal_self, 1048576, 1);
    EXPECT_TRUE(contains(matrix.reason, "of memory, more than the 1.1 GB that it may")) << matrix.reason;
    EXPECT_TRUE(benchmark.cell(AttentionPattern::noncausal_self, 16, 1).times) << "what fits is measured";
    const std::string text = attention_benchmark_text(benchmark);
    EXPECT_TRUE(contains(text, "super from 1,048,576 tokens on: a pass takes")) << text;
}

/// The same without the time of the last cell.
AttentionBenchmark cut_benchmark() {
    AttentionBenchmark benchmark = known_benchmark();
    benchmark.cells.back().times.reset();
    benchmark.cells.back().reason = "it was \"too\" long";
    benchmark.efficiencies = type_efficiencies(benchmark);
    return benchmark;
}

TEST(AttentionBenchmark, ComparesTypesWithSdpa) {
    const AttentionBenchmark benchmark = cut_benchmark();
    ASSERT_EQ(benchmark.efficiencies.size(), 4U) << "of one type, for each cost";
    const TypeEfficiency& forward = benchmark.efficiencies.front();
    ASSERT_TRUE(forward.fitted.length);
    EXPECT_NEAR(*forward.fitted.length, 400.0, 1e-6);
    EXPECT_EQ(forward.fitted.warning, "");
    EXPECT_EQ(forward.measured.kind, MeasuredCrossing::Kind::at_length);
    EXPECT_NEAR(forward.measured.length, 400.0, 1e-6);
    EXPECT_EQ(benchmark.efficiencies.back().measured.kind, MeasuredCrossing::Kind::never_cheaper) << "equal memory";
    AttentionBenchmark alone = benchmark;
    alone.plan = small_plan({"types=smyrf", "patterns=causal_self", "lengths=100"});
    EXPECT_TRUE(type_efficiencies(alone).empty()) << "without sdpa";
}

TEST(AttentionBenchmark, IsToldAsTextTableJsonAndPage) {
    const AttentionBenchmark benchmark = cut_benchmark();
    const std::string text = attention_benchmark_text(benchmark);
    EXPECT_TRUE(contains(text, "causal self-attention, time\n")) << text;
    EXPECT_TRUE(contains(text, "smyrf from 1,600 tokens on: it was \"too\" long")) << text;
    EXPECT_TRUE(contains(text, "holds")) << text;
    const std::string csv = attention_benchmark_csv(benchmark);
    EXPECT_TRUE(contains(csv, "causal_self,sdpa,100,2,0.0011,0.0011,0.0011,0.0033")) << csv;
    EXPECT_TRUE(contains(csv, "causal_self,smyrf,1600,0,,,,,,,160000,480000,false,0,\"it was \"\"too\"\" long\""))
        << csv;
    const nlohmann::json json = nlohmann::json::parse(attention_benchmark_json(benchmark));
    EXPECT_EQ(json["cells"].size(), 10U);
    EXPECT_EQ(json["cells"][0]["total_seconds"]["median"], benchmark.cells[0].times->total.median);
    EXPECT_TRUE(json["cells"][9]["forward_seconds"].is_null());
    EXPECT_EQ(json["cells"][9]["reason"], "it was \"too\" long");
    EXPECT_EQ(json["efficiency"][0]["fit_holds"], true);
    EXPECT_EQ(json["types"][1]["settings"]["cluster"], "32") << "settings that were not given, too";
    EXPECT_NEAR(json["efficiency"][0]["measured_length"].get<double>(), 400.0, 1e-6);
    const std::string page = attention_benchmark_page(benchmark);
    EXPECT_TRUE(contains(page, "a &lt;test&gt;"));
    EXPECT_TRUE(contains(page, "data-log=\"1\" data-suffix=\" ms\" data-logx=\"1\"")) << "logarithmic axes";
    EXPECT_FALSE(contains(page, "http://") || contains(page, "https://")) << "needs nothing else";
}

}  // namespace
}  // namespace heed::test::attention_benchmark_test
