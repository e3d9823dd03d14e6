#include "heed/attention/explanation/head_measures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "heed/attention/explanation/distribution_measures.h"
#include "heed/attention/explanation/effective_attention.h"
#include "heed/core/error.h"
#include "heed/tests/attention/explanation/random_head.h"
#include "heed/tests/support/close.h"

namespace heed::test::head_measures_test {
namespace {

using Row = std::vector<double>;

TEST(DistributionMeasures, TellDistances) {
    const Row p = {0.5, 0.5, 0.0, 0.0}, q = {0.0, 0.0, 0.25, 0.75}, r = {0.25, 0.5, 0.25, 0.0};
    EXPECT_CLOSE(total_variation(p, q), 1.0, 1e-15);
    EXPECT_CLOSE(jensen_shannon(p, q), std::log(2.0), 1e-15);
    EXPECT_EQ(total_variation(p, p), 0.0);
    EXPECT_EQ(jensen_shannon(p, p), 0.0);
    EXPECT_CLOSE(total_variation(p, r), 0.25, 1e-15);
    // By hand: m = (3/8, 1/2, 1/8, 0).
    const double to_p = 0.5 * std::log(4.0 / 3), to_r = 0.25 * std::log(2.0 / 3) + 0.25 * std::log(2.0);
    EXPECT_CLOSE(jensen_shannon(p, r), 0.5 * (to_p + to_r), 1e-14);
    EXPECT_EQ(jensen_shannon(p, r), jensen_shannon(r, p));
}

TEST(DistributionMeasures, TellHowFarWeightsAreSpread) {
    EXPECT_CLOSE(entropy(Row(8, 0.125)), std::log(8.0), 1e-15);
    EXPECT_EQ(entropy(Row{0.0, 1.0, 0.0}), 0.0);
    EXPECT_EQ(support_size(Row{0.5, 1e-13, 0.0, 0.5, 1e-11}), 3);
}

TEST(DistributionMeasures, CompareOrders) {
    const Row p = {0.1, 0.2, 0.3, 0.4}, reversed = {0.4, 0.3, 0.2, 0.1}, swapped = {0.2, 0.1, 0.3, 0.4};
    EXPECT_CLOSE(kendall_tau(p, p), 1.0, 1e-15);
    EXPECT_CLOSE(kendall_tau(p, reversed), -1.0, 1e-15);
    EXPECT_CLOSE(kendall_tau(p, swapped), 4.0 / 6, 1e-15);
    // tau-b: one of six pairs is a tie in q.
    EXPECT_CLOSE(kendall_tau(p, Row{0.15, 0.15, 0.3, 0.4}), 5 / std::sqrt(30.0), 1e-15);
    const Row flat(4, 0.25);
    EXPECT_EQ(kendall_tau(p, flat), 0.0);
    EXPECT_EQ(kendall_tau(flat, flat), 1.0);
    EXPECT_EQ(top_overlap(p, reversed, 2), 0.0);
    EXPECT_EQ(top_overlap(p, swapped, 3), 2.0 / 3);
    EXPECT_EQ(top_overlap(p, reversed, 9), 1.0);
    EXPECT_EQ(top_overlap(p, reversed, 0), 1.0);
}

TEST(HeadMeasures, CountRowsWithFreedomAndTakeMeansOverThem) {
    RandomHead head = random_head({.keys = 20, .dim = 4, .causal = true}, 1);
    head.allowed.offset = -1;  // query 0 may use no key
    for (size_t query = 19; query > 0; --query) {
        for (size_t key = 0; key < 20; ++key) head.weights[query * 20 + key] = head.weights[(query - 1) * 20 + key];
    }
    std::fill_n(head.weights.begin(), 20, 0.0);
    const std::vector<double> effective = effective_attention(head.view());
    const LeastNormAttention least = least_norm_attention(head.view());
    const HeadMeasures measures = head_measures(head.view(), effective, least);
    ASSERT_EQ(measures.rows.size(), 19u);
    EXPECT_EQ(measures.changed_rows, 14);  // of 6 .. 19 keys
    EXPECT_EQ(measures.methods[0], 5);
    double distance = 0, freedom = 0, negative = 0, sum = 0;
    for (size_t row = 0; row < 19; ++row) {
        const int64_t keys = static_cast<int64_t>(row) + 1;
        EXPECT_EQ(measures.rows[row].keys, keys);
        EXPECT_EQ(measures.rows[row].rank, std::min<int64_t>(keys, 5));
        EXPECT_EQ(measures.rows[row].changed, keys > 5);
        EXPECT_EQ(measures.rows[row].support, keys);
        distance += measures.rows[row].total_variation / 19;
        freedom += static_cast<double>(std::max<int64_t>(0, keys - 5)) / 19;
        for (size_t key = 0; key < 20; ++key) {
            const double weight = effective[(row + 1) * 20 + key];
            negative -= std::min(0.0, weight) / 19;
            sum += weight / 19;
        }
    }
    EXPECT_GT(distance, 0.01);
    EXPECT_CLOSE(measures.total_variation, distance, 1e-12);
    EXPECT_CLOSE(measures.freedom, freedom, 1e-12);
    EXPECT_CLOSE(measures.effective_negative_mass, negative, 1e-12);
    EXPECT_CLOSE(measures.effective_sum, sum, 1e-12);
    EXPECT_GT(measures.least_norm_entropy, measures.entropy);
    EXPECT_LE(measures.greatest_optimality_error, 1e-9);
}

TEST(AttentionHead, WeightsInFloatsBecomeDistributions) {
    const std::vector<float> weights = {0.3f, 0.7f, 0.0f, 0.1f, 0.2f, 0.7000003f};
    const std::vector<double> rows = distributions(weights, 2, 3, {.keys = 3});
    EXPECT_CLOSE(rows[3] + rows[4] + rows[5], 1.0, 1e-15);
    EXPECT_CLOSE(rows[4] / rows[3], double(0.2f) / double(0.1f), 1e-15);
    EXPECT_EQ(distributions(std::vector<float>(4, 0.0f), 2, 2, {.keys = 0}), Row(4, 0.0));
    EXPECT_THROW(distributions(weights, 2, 3, {.keys = 2}), Error);
    EXPECT_THROW(distributions(weights, 3, 3, {.keys = 3}), Error);
    EXPECT_THROW(distributions(std::vector<float>{0.5f, 0.4f}, 1, 2, {.keys = 2}), Error);
    EXPECT_THROW(distributions(std::vector<float>{NAN, 0.4f}, 1, 2, {.keys = 2}), Error);
}

}  // namespace
}  // namespace heed::test::head_measures_test
