#include "heed/core/settings/nearest_name.h"

#include <gtest/gtest.h>

namespace heed::nearest_name_test {
namespace {

const std::vector<std::string> keys = {"dim", "depth", "heads", "mlp_dim", "dropout", "weight_decay", "lr", "batch"};

TEST(NearestName, FindsTypingErrors) {
    EXPECT_EQ(nearest_name("dmi", keys), "dim");
    EXPECT_EQ(nearest_name("head", keys), "heads");
    EXPECT_EQ(nearest_name("droput", keys), "dropout");
    EXPECT_EQ(nearest_name("weigth_decay", keys), "weight_decay");
    EXPECT_EQ(nearest_name("Weight-Decay", keys), "weight_decay");
}

TEST(NearestName, FindsLongerFormsAndInitials) {
    EXPECT_EQ(nearest_name("batch_size", keys), "batch");
    EXPECT_EQ(nearest_name("learning_rate", keys), "lr");
    EXPECT_EQ(nearest_name("wd", keys), "weight_decay");
}

TEST(NearestName, SaysNothingWhenNothingIsNear) {
    EXPECT_EQ(nearest_name("checkpoint", keys), "");
    EXPECT_EQ(nearest_name("", keys), "");
    EXPECT_EQ(nearest_name("xy", keys), "");
    EXPECT_EQ(nearest_name("q", {"k"}), "");
    EXPECT_EQ(nearest_name("dim", {}), "");
    EXPECT_EQ(nearest_name(std::string(1'000'000, 'd'), keys), "");
}

TEST(NearestName, PrefersTheNearestThenTheFirst) {
    EXPECT_EQ(nearest_name("beta", {"beta1", "beta2"}), "beta1");
    EXPECT_EQ(nearest_name("epochs2", {"epoch", "epochs"}), "epochs");
}

TEST(NearestName, Sentences) {
    EXPECT_EQ(did_you_mean("dims", keys), " (did you mean dim?)");
    EXPECT_EQ(did_you_mean("zzzz", keys), "");
    EXPECT_EQ(listed({}), "");
    EXPECT_EQ(listed({"a"}), "a");
    EXPECT_EQ(listed({"a", "b", "c"}), "a, b and c");
    EXPECT_EQ(listed({"a", "b"}, " or "), "a or b");
    EXPECT_EQ(listed({"a", "b", "c", "d"}, " or ", 2), "a, b and 2 more");
    EXPECT_EQ(listed({"a\x1b", std::string(100, 'x')}), "a\\x1b and " + std::string(80, 'x') + "...");
    EXPECT_LT(listed(std::vector<std::string>(30000, std::string(100, 'y'))).size(), 2000U);
}

}  // namespace
}  // namespace heed::nearest_name_test
