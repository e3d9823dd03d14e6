#include "heed/trainers/comparison/comparison.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/comparison/grid.h"
#include "heed/trainers/comparison/matching.h"
#include "heed/trainers/comparison/report/comparison_json.h"
#include "heed/trainers/comparison/report/comparison_page.h"
#include "heed/trainers/comparison/report/comparison_text.h"

namespace heed::comparison_test {
namespace {

using test::contains;
using test::message_of;

RunResult run(int64_t seed, double accuracy, int64_t attention_parameters = 100, double inference = 1.0) {
    return {.folder = "f",
            .attention = "",
            .seed = seed,
            .recipe = nullptr,
            .data = nullptr,
            .history = {},
            .test = {{"accuracy", accuracy}, {"loss", 1.0 - accuracy}},
            .attention_parameters = attention_parameters,
            .inference_seconds = inference};
}

Comparison two_types() {
    Comparison comparison;
    comparison.contenders = {
        {.name = "sdpa", .settings = {}, .runs = {run(1, 0.90), run(2, 0.92), run(3, 0.91), run(7, 0.2)}},
        {.name = "super",
         .settings = {},
         .runs = {run(1, 0.92, 60, 0.5), run(2, 0.94, 60, 0.51), run(3, 0.9301, 60, 0.52), run(5, 0.99, 60)}}};
    comparison.metric = quality_metric("", comparison.contenders[0].runs);
    comparison.margin = comparison.metric.margin;
    return comparison;
}

Claim claim(const std::string& is, double margin) {
    Claim claim;
    claim.type = "super";
    claim.is = is;
    claim.margin = {margin};
    return claim;
}

TEST(Comparison, GainsArePairedBySeed) {
    Comparison comparison = two_types();
    compare(comparison, {});
    const Contender& contender = comparison.contenders[1];
    EXPECT_EQ(contender.paired_seeds, (std::vector<int64_t>{1, 2, 3})) << "5 and 7 have no partner";
    EXPECT_NEAR(contender.gain.mean, 2.0033, 1e-3);
    EXPECT_EQ(contender.quality.count, 4);
    ASSERT_TRUE(contender.gain_interval.has_value());
    EXPECT_GT(contender.gain_interval->low, 1.9) << "the spread between seeds is in both";
}

TEST(Comparison, IntervalsOfClaimsAreCorrectedForTheirNumber) {
    Comparison comparison = two_types();
    Claim counted = claim("no_worse", 1);
    counted.measure = "attention_parameters";
    counted.at_most = 0.6;
    compare(comparison, {claim("better", 1), claim("equal", 1), claim("no_worse", 0), counted});
    EXPECT_EQ(comparison.statistical_claims, 3) << "what is counted does not depend on chance";
    EXPECT_NEAR(comparison.claim_confidence, 1 - 0.05 / 3, 1e-12);
    EXPECT_GT(comparison.claims[0].interval->high - comparison.claims[0].interval->low,
              comparison.contenders[1].gain_interval->high - comparison.contenders[1].gain_interval->low);
    EXPECT_EQ(comparison.claims[0].verdict, Verdict::holds);
    EXPECT_EQ(comparison.claims[1].verdict, Verdict::does_not_hold);
    EXPECT_EQ(comparison.claims[2].verdict, Verdict::holds);
    EXPECT_EQ(comparison.claims[3].verdict, Verdict::holds);
    EXPECT_FALSE(comparison.claims[3].interval.has_value());
    EXPECT_TRUE(contains(comparison.claims[3].claim.says, "at most 60 %"));
}

TEST(Comparison, VerdictsFollowTheInterval) {
    struct Case {
        const char* is;
        double margin, low, high;
        Verdict verdict;
    };
    for (const Case& each : {Case{"no_worse", 1, -0.9, 3, Verdict::holds},
                             {"no_worse", 1, -3, -1.1, Verdict::does_not_hold},
                             {"no_worse", 1, -1.1, 3, Verdict::cannot_be_told},
                             {"better", 0, 0.1, 1, Verdict::holds},
                             {"better", 0, -1, -0.1, Verdict::does_not_hold},
                             {"better", 0, -1, 1, Verdict::cannot_be_told},
                             {"better", 2, 1, 1.9, Verdict::does_not_hold},
                             {"equal", 1, -0.9, 0.9, Verdict::holds},
                             {"equal", 1, 1.1, 2, Verdict::does_not_hold},
                             {"equal", 1, -3, -2, Verdict::does_not_hold},
                             {"equal", 1, -0.5, 1.5, Verdict::cannot_be_told}}) {
        EXPECT_EQ(judge_gain({each.low, each.high}, each.is, each.margin), each.verdict)
            << each.is << " " << each.margin << " " << each.low;
    }
    EXPECT_EQ(judge_ratio({0.5, 0.75}, 0.75), Verdict::holds);
    EXPECT_EQ(judge_ratio({0.8, 0.9}, 0.75), Verdict::does_not_hold);
    EXPECT_EQ(judge_ratio({0.7, 0.9}, 0.75), Verdict::cannot_be_told);
}

TEST(Comparison, TimesAreComparedAsRatios) {
    Comparison comparison = two_types();
    Claim faster = claim("no_worse", 1);
    faster.measure = "inference_seconds";
    Claim training = faster;
    training.measure = "training_seconds";
    comparison.jobs = 2;
    compare(comparison, {faster, training});
    EXPECT_EQ(comparison.claims[0].verdict, Verdict::holds);
    EXPECT_NEAR(*comparison.claims[0].estimate, 0.51, 1e-3);
    EXPECT_EQ(comparison.claims[1].verdict, Verdict::cannot_be_told);
    EXPECT_TRUE(contains(comparison.claims[1].reason, "beside each other"));
}

TEST(Comparison, WhatNothingCanBeToldOfIsSaid) {
    Comparison comparison = two_types();
    comparison.contenders[0].runs.resize(1);
    Claim other = claim("better", 0);
    other.type = "smyrf";
    Claim itself = claim("no_worse", 1);
    itself.than = itself.type;
    compare(comparison, {claim("better", 0), other, itself});
    EXPECT_EQ(comparison.claims[2].verdict, Verdict::cannot_be_told);
    EXPECT_TRUE(contains(comparison.claims[2].reason, "with itself"));
    EXPECT_EQ(comparison.claims[0].verdict, Verdict::cannot_be_told);
    EXPECT_TRUE(contains(comparison.claims[0].reason, "one seed"));
    EXPECT_TRUE(contains(comparison.claims[1].reason, "smyrf is not among"));
    EXPECT_TRUE(contains(aligned(claim_table(comparison)), "cannot be told: one seed"));
}

TEST(Comparison, LessOfALossIsBetter) {
    Comparison comparison = two_types();
    comparison.metric = quality_metric("loss", comparison.contenders[0].runs);
    compare(comparison, {});
    EXPECT_NEAR(comparison.contenders[1].gain.mean, 0.020033, 1e-5);
    EXPECT_TRUE(contains(message_of<UserError>([&] { quality_metric("acuracy", comparison.contenders[0].runs); }),
                         "did you mean accuracy?"));
}

TEST(Comparison, SmallErrorsAreShownWithMoreDecimals) {
    Comparison comparison = two_types();
    for (Contender& contender : comparison.contenders) {
        for (RunResult& each : contender.runs) each.test["mse"] = 0.002 + 1e-5 * static_cast<double>(each.seed);
    }
    comparison.metric = quality_metric("mse", comparison.contenders[0].runs);
    compare(comparison, {});
    EXPECT_TRUE(contains(comparison_markdown(comparison), "| super | 4 | 0.00203 ± 0.00002 |"))
        << comparison_markdown(comparison);
    for (Contender& contender : comparison.contenders) {
        for (RunResult& each : contender.runs) each.test["mse"] = 1.0 + 0.01 * static_cast<double>(each.seed);
    }
    comparison.metric = quality_metric("mse", comparison.contenders[0].runs);
    compare(comparison, {});
    EXPECT_EQ(comparison.metric.decimals, 4);
}

TEST(Comparison, SummariesAreComparedByRouge) {
    Comparison comparison = two_types();
    std::vector<RunResult> runs = comparison.contenders[0].runs;
    for (RunResult& each : runs) each.test["rouge1"] = 34.9;
    const QualityMetric metric = quality_metric("", runs);
    EXPECT_EQ(metric.name, "rouge1");
    EXPECT_EQ(metric.text(*metric.of(runs[0])), "34.90");
    EXPECT_FALSE(metric.less_is_better);
}

TEST(Comparison, TheParetoFrontLeavesOutWhatAnotherBeatsInBoth) {
    Comparison comparison = two_types();
    comparison.contenders.push_back({.name = "worse", .settings = {}, .runs = {run(1, 0.5, 80)}});
    compare(comparison, {});
    const CostMeasure& cost = *find_cost_measure("attention_parameters");
    EXPECT_EQ(pareto_front(comparison, cost), (std::vector<size_t>{1})) << "super is better and smaller than both";
    comparison.contenders[2].runs = {run(1, 0.5, 20)};
    compare(comparison, {});
    EXPECT_EQ(pareto_front(comparison, cost), (std::vector<size_t>{2, 1}));
}

TEST(Comparison, GridsHaveAllCombinations) {
    using Points = std::vector<std::vector<std::string>>;
    EXPECT_EQ(grid_points({}), Points{{}});
    EXPECT_EQ(grid_points({"a.x=1,2", "b=u,v"}),
              (Points{{"a.x=1", "b=u"}, {"a.x=1", "b=v"}, {"a.x=2", "b=u"}, {"a.x=2", "b=v"}}));
    for (const char* wrong : {"a=", "a=1,", "a=1,,2", "a=1,1"}) {
        EXPECT_TRUE(contains(message_of<UserError>([&] { grid_points({wrong}); }), "different values")) << wrong;
    }
}

TEST(Comparison, SizesAreMatchedToTheNearest) {
    const auto measure = [](int64_t size) { return 100 + 7 * size; };
    EXPECT_EQ(nearest_size(measure, 100 + 7 * 33), 33);
    EXPECT_EQ(nearest_size(measure, 100 + 7 * 33 + 3), 33);
    EXPECT_EQ(nearest_size(measure, 100 + 7 * 33 + 4), 34);
    EXPECT_EQ(nearest_size(measure, 5), 1) << "no size is as small";
}

TEST(Comparison, TablesHaveEveryRun) {
    Comparison comparison = two_types();
    comparison.title = "two";
    compare(comparison, default_claims(comparison.contenders, 0));
    const std::string csv = comparison_csv(comparison);
    EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 8);
    EXPECT_TRUE(contains(csv, "\nsuper,5,0.99,"));
    EXPECT_TRUE(contains(comparison_json(comparison), "\"verdict\": \"holds\""));
    EXPECT_TRUE(contains(comparison_markdown(comparison), "| super | 4 | 94.50 ± "));
    comparison.notes = {"a note"};
    const std::string page = comparison_page(comparison);
    EXPECT_TRUE(contains(page, "<td class=\"verdict holds\">holds</td>"));
    EXPECT_TRUE(contains(page, "accuracy against attention parameters"));
    EXPECT_TRUE(contains(page, "<p>a note</p>"));
    EXPECT_TRUE(contains(page, "Pareto front"));
}

}  // namespace
}  // namespace heed::comparison_test
