#include "heed/attention/smyrf/smyrf_work.h"

#include <gtest/gtest.h>

namespace heed::smyrf_work_test {
namespace {

TEST(SmyrfWork, CountsThePairsOfClusters) {
    const auto pairs = [](int64_t queries, int64_t keys, int64_t rounds, int64_t cluster) {
        return smyrf_work(SmyrfForm::clusters, queries, keys, rounds, cluster, 1).pairs;
    };
    EXPECT_EQ(pairs(32, 32, 2, 32), 32 * 32);
    EXPECT_EQ(pairs(128, 128, 2, 32), 2 * 4 * 32 * 32);
    EXPECT_EQ(pairs(10, 10, 3, 4), 3 * (3 * 3 + 3 * 3 + 4 * 4));
    EXPECT_EQ(pairs(10, 2, 1, 3), 5 + 5);
    EXPECT_EQ(pairs(0, 5, 2, 3), 0);
}

TEST(SmyrfWork, CountsThePairsOfTheCausalForms) {
    const auto self = [](int64_t tokens, int64_t rounds, int64_t cluster, int64_t block) {
        return smyrf_work(SmyrfForm::causal_self, tokens, tokens, rounds, cluster, block);
    };
    EXPECT_EQ(self(20, 2, 32, 4).pairs, 20 * 21 / 2);
    EXPECT_EQ(self(20, 2, 4, 8).pairs, 2 * (8 * 9 / 2) + 4 * 5 / 2 + 2 * (8 * 4) + 2 * (4 * 4));
    EXPECT_EQ(self(20, 2, 4, 8).hidden, 2 * (8 * 7 / 2) + 4 * 3 / 2);
    EXPECT_EQ(self(20, 2, 4, 8).choosing, 2 * (8 * 2 + 8) + 2 * (4 * 4 + 16));
    const SmyrfWork cross = smyrf_work(SmyrfForm::causal_cross, 10, 40, 2, 8, 1);
    EXPECT_EQ(cross.pairs, 2 * 10 * 8);
    EXPECT_EQ(cross.choosing, 2 * (10 * 5 + 40));
    EXPECT_EQ(smyrf_work(SmyrfForm::causal_cross, 10, 8, 2, 8, 1).pairs, 10 * 8);
}

}  // namespace
}  // namespace heed::smyrf_work_test
