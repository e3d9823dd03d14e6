#include "heed/trainers/comparison/statistics/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "heed/core/error.h"
#include "heed/trainers/comparison/statistics/paired_accuracy.h"

namespace heed::statistics_test {
namespace {

// scipy.stats.t.ppf(probability, freedom) of SciPy 1.x, in double precision.
struct Quantile {
    double freedom, probability, t;
};

const std::vector<Quantile> quantiles = {
    {1, 0.6, 0.32491969623290634},    {1, 0.975, 12.706204736174694},  {1, 0.9999, 3183.098757118502},
    {1, 1e-06, -318309.8861827435},   {2, 0.975, 4.302652729749462},   {2, 0.01, -6.964556734283274},
    {4, 0.6, 0.2707222947075976},     {4, 0.995, 4.604094871349992},   {4, 0.9999, 13.033671720896821},
    {4, 1e-06, -41.577854150450975},  {9, 0.975, 2.262157162798205},   {9, 0.9999, 6.010132129081531},
    {29, 0.6, 0.25568363457125604},   {29, 0.995, 2.756385903670605},  {29, 1e-06, -5.917105540459563},
    {300, 0.975, 1.9679030112610865}, {300, 0.01, -2.3388419237869926}};

TEST(Student, QuantilesAreThoseOfSciPy) {
    for (const Quantile& each : quantiles) {
        EXPECT_NEAR(student_quantile(each.probability, each.freedom), each.t, 1e-9 * std::abs(each.t))
            << each.probability << " with " << each.freedom;
    }
    EXPECT_NEAR(student_quantile(0.5, 4), 0.0, 1e-7) << "where the density is flat, its argument has half the digits";
    EXPECT_THROW(student_quantile(0.0, 4), Error);
    EXPECT_THROW(student_quantile(1.0, 4), Error);
}

TEST(Student, ProbabilitiesAreTheInverse) {
    for (const Quantile& each : quantiles) {
        EXPECT_NEAR(student_probability(each.t, each.freedom), each.probability, 1e-10 * each.probability);
        EXPECT_NEAR(student_probability(-each.t, each.freedom), 1.0 - each.probability, 1e-10);
    }
}

// scipy.stats.t.interval over the paired differences; numpy's std with ddof=1.
TEST(Statistics, SummariesAndIntervalsAreThoseOfSciPy) {
    const std::vector<double> first = {0.9731, 0.9744, 0.9702, 0.9755, 0.9718};
    const std::vector<double> second = {0.9712, 0.9751, 0.9688, 0.9720, 0.9699};
    std::vector<double> differences;
    for (size_t i = 0; i < first.size(); ++i) differences.push_back(first[i] - second[i]);
    const Summary summary = summary_of(differences);
    EXPECT_EQ(summary.count, 5);
    EXPECT_NEAR(summary.mean, 0.0016000000000000237, 1e-15);
    EXPECT_NEAR(summary.deviation, 0.0015099668870541417, 1e-14);
    struct Expected {
        double confidence, low, high;
    };
    for (const Expected& each : {Expected{0.95, -0.0002748715221349133, 0.0034748715221349607},
                                 Expected{0.99, -0.0015090426903601982, 0.004709042690360246},
                                 Expected{1 - 0.05 / 12, -0.0023742154009280853, 0.005574215400928133}}) {
        const auto interval = mean_interval(differences, each.confidence);
        ASSERT_TRUE(interval.has_value());
        EXPECT_NEAR(interval->low, each.low, 1e-11);
        EXPECT_NEAR(interval->high, each.high, 1e-11);
    }
}

TEST(Statistics, OneValueHasNoSpread) {
    const std::vector<double> one = {0.5};
    EXPECT_EQ(summary_of(one).mean, 0.5);
    EXPECT_TRUE(std::isnan(summary_of(one).deviation));
    EXPECT_FALSE(mean_interval(one, 0.95).has_value());
    EXPECT_TRUE(std::isnan(summary_of({}).mean));
    const std::vector<double> equal = {0.25, 0.25};
    EXPECT_EQ(mean_interval(equal, 0.95)->low, 0.25);
}

TEST(PairedAccuracy, IsThePairedTOfSciPy) {
    // scipy.stats.ttest_rel(a, b).confidence_interval(0.95), a and b being 1 where a model is right, else 0.
    const auto evaluation = [](const std::vector<int64_t>& wrong) {
        Evaluation result;
        result.count = 50;
        for (const int64_t index : wrong) result.mistakes.push_back({index, 0, 1, 0.5});
        return result;
    };
    const PairedAccuracy paired = paired_accuracy(evaluation({3, 7, 9}), evaluation({3, 8, 10, 11, 12, 20, 21}), 0.95);
    EXPECT_EQ(paired.first_alone, 6);
    EXPECT_EQ(paired.second_alone, 2);
    EXPECT_NEAR(paired.difference, 0.08, 1e-12);
    EXPECT_NEAR(paired.interval.low, -0.03251277555883758, 1e-9);
    EXPECT_NEAR(paired.interval.high, 0.19251277555883758, 1e-9);
    Evaluation fewer = evaluation({});
    fewer.count = 49;
    EXPECT_THROW(paired_accuracy(evaluation({}), fewer, 0.95), UserError);
}

}  // namespace
}  // namespace heed::statistics_test
