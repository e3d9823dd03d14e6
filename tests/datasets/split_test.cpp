#include "heed/datasets/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"

namespace heed::split_test {
namespace {

TEST(Split, PartsAreDisjointAndCompleteAndAscending) {
    for (const double fraction : {0.0, 0.001, 0.1, 0.5, 0.9}) {
        const TrainValidation split = split_train_validation(7, 1003, fraction);
        EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
        EXPECT_TRUE(std::is_sorted(split.validation.begin(), split.validation.end()));
        std::vector<int64_t> all;
        std::merge(split.train.begin(), split.train.end(), split.validation.begin(), split.validation.end(),
                   std::back_inserter(all));
        ASSERT_EQ(all.size(), 1003U);
        for (int64_t i = 0; i < 1003; ++i) {
            EXPECT_EQ(all[static_cast<std::size_t>(i)], i);
        }
    }
}

TEST(Split, SizeIsTheRoundedShareAndAtLeastOne) {
    EXPECT_EQ(split_train_validation(0, 60000, 0.1).validation.size(), 6000U);
    EXPECT_EQ(split_train_validation(0, 25, 0.1).validation.size(), 3U);
    EXPECT_EQ(split_train_validation(0, 24, 0.1).validation.size(), 2U);
    EXPECT_EQ(split_train_validation(0, 3, 0.1).validation.size(), 1U);
    EXPECT_TRUE(split_train_validation(0, 3, 0.0).validation.empty());
}

TEST(Split, IsTheSameForeverAndDependsOnTheSeed) {
    const auto validation = split_train_validation(0, 1000, 0.01).validation;
    EXPECT_EQ(validation, split_train_validation(0, 1000, 0.01).validation);
    EXPECT_NE(validation, split_train_validation(1, 1000, 0.01).validation);
    // These values are part of the meaning of data.split_seed: results of earlier versions stay comparable.
    EXPECT_EQ(validation, (std::vector<int64_t>{62, 214, 244, 293, 377, 455, 604, 675, 709, 730}));
}

TEST(Split, IsSpreadOverTheRecords) {
    const auto validation = split_train_validation(0, 10000, 0.1).validation;
    const auto lower = std::count_if(validation.begin(), validation.end(), [](int64_t index) { return index < 5000; });
    EXPECT_NEAR(static_cast<double>(lower), 500, 80);
}

TEST(Split, RefusesToLeaveNothing) {
    EXPECT_EQ(test::message_of<UserError>([] { split_train_validation(0, 1, 0.1); }),
              "data.validation 0.1 would keep back all of the 1 training record");
}

}  // namespace
}  // namespace heed::split_test
