#include "heed/trainers/explanation/removal_curves.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "heed/core/error.h"

namespace heed::test::removal_curves_test {
namespace {

TEST(RemovalCurves, SharesAreRoundedUp) {
    EXPECT_EQ(tokens_of_share(0.01, 512), 6);
    EXPECT_EQ(tokens_of_share(0.01, 100), 1);
    EXPECT_EQ(tokens_of_share(0.1, 30), 3) << "0.1 * 30 is above 3 by rounding alone";
    EXPECT_EQ(tokens_of_share(0.5, 3), 2);
    EXPECT_EQ(tokens_of_share(0.01, 1), 1);
    EXPECT_EQ(tokens_of_share(0.5, 0), 0);
}

/// The probability is a sum over the kept tokens: token i of ten gives (i + 1) / 100, and 0.3 is there anyhow.
std::vector<double> additive(const std::vector<KeptTokens>& variants) {
    std::vector<double> answers;
    for (const KeptTokens& kept : variants) {
        double sum = 0.3;
        for (size_t i = 0; i < kept.size(); ++i) sum += kept[i] != 0 ? 0.01 * static_cast<double>(i + 1) : 0.0;
        answers.push_back(sum);
    }
    return answers;
}

TEST(RemovalCurves, AreFallsOfTheProbability) {
    const std::vector<TokenOrder> orders = {{"best", {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
                                            {"worst", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}};
    const double whole = 0.3 + 0.55;
    const std::vector<RemovalCurve> curves = removal_curves(whole, orders, additive);
    // 1, 1, 1, 2 and 5 of ten tokens.
    const std::array<double, 5> best = {0.10, 0.10, 0.10, 0.19, 0.40}, worst = {0.01, 0.01, 0.01, 0.03, 0.15};
    for (size_t share = 0; share < 5; ++share) {
        EXPECT_NEAR(curves[0].comprehensiveness[share], best[share], 1e-12);
        EXPECT_NEAR(curves[0].sufficiency[share], 0.55 - best[share], 1e-12);
        EXPECT_NEAR(curves[1].comprehensiveness[share], worst[share], 1e-12);
        EXPECT_NEAR(curves[1].sufficiency[share], 0.55 - worst[share], 1e-12);
    }
    EXPECT_NEAR(curves[0].comprehensiveness_area(), 0.89 / 5, 1e-12);
    EXPECT_NEAR(curves[0].sufficiency_area(), 0.55 - 0.89 / 5, 1e-12);
}

OrderScore score(double fall, std::optional<double> size) {
    OrderScore score;
    score.curve.comprehensiveness.fill(fall);
    score.curve.sufficiency.fill(-fall);
    score.necessary = size;
    return score;
}

TEST(MeasureTable, ComparesInputByInput) {
    MeasureTable table({"raw attention", "rollout"}, 0);
    table.add({score(0.1, 4), score(0.2, 2)});
    table.add({score(0.5, std::nullopt), score(0.7, 3)});
    table.add({score(0.3, 6), score(0.6, 5)});
    EXPECT_EQ(table.inputs(), 3);
    const std::vector<MeasureResult> results = table.results();
    const MeasureResult &raw = results[0], &rollout = results[1];
    EXPECT_EQ(rollout.measure, "rollout");
    EXPECT_NEAR(raw.comprehensiveness[2].own.mean, 0.3, 1e-12);
    EXPECT_FALSE(raw.comprehensiveness_area.above_raw);

    const ComparedMean& area = rollout.comprehensiveness_area;
    EXPECT_NEAR(area.own.mean, 0.5, 1e-12);
    // Differences 0.1, 0.2, 0.3: deviation 0.1, t(0.975, 2) = 4.30265.
    EXPECT_NEAR(area.above_raw->mean, 0.2, 1e-12);
    EXPECT_NEAR(area.above_raw->interval->low, 0.2 - 4.302652729749462 * 0.1 / std::sqrt(3.0), 1e-9);
    EXPECT_NEAR(area.above_raw->interval->high, 0.2 + 4.302652729749462 * 0.1 / std::sqrt(3.0), 1e-9);
    EXPECT_NEAR(rollout.sufficiency[0].above_raw->mean, -0.2, 1e-12);

    EXPECT_EQ(raw.necessary.own.count, 2);
    EXPECT_EQ(rollout.necessary.own.count, 3);
    EXPECT_NEAR(rollout.necessary.own.mean, 10.0 / 3, 1e-12);
    EXPECT_EQ(rollout.necessary.above_raw->count, 2) << "one input has no set of raw attention";
    EXPECT_NEAR(rollout.necessary.above_raw->mean, -1.5, 1e-12);
    EXPECT_EQ(rollout.sufficient.own.count, 0);
    EXPECT_FALSE(rollout.sufficient.above_raw);
}

TEST(MeasureTable, TakesPartsOfAnInputForOne) {
    const std::vector<OrderScore> mean =
        mean_scores({{score(0.1, 4), score(0.2, 2)}, {score(0.3, std::nullopt), score(0.6, 5)}});
    ASSERT_EQ(mean.size(), 2U);
    EXPECT_NEAR(mean[0].curve.comprehensiveness[4], 0.2, 1e-12);
    EXPECT_NEAR(mean[1].curve.sufficiency[0], -0.4, 1e-12);
    EXPECT_EQ(mean[0].necessary, 4.0);
    EXPECT_EQ(mean[1].necessary, 3.5);
    EXPECT_FALSE(mean[1].sufficient);
}

TEST(MeasureTable, HasNoIntervalOfOneInputAndNoDifferenceWithoutRawAttention) {
    MeasureTable table({"rollout"}, std::nullopt);
    table.add({score(0.25, 1)});
    const MeasureResult result = table.results().front();
    EXPECT_NEAR(result.comprehensiveness_area.own.mean, 0.25, 1e-12);
    EXPECT_FALSE(result.comprehensiveness_area.own.interval);
    EXPECT_FALSE(result.comprehensiveness_area.above_raw);
    EXPECT_THROW(table.add({}), Error);
}

}  // namespace
}  // namespace heed::test::removal_curves_test
