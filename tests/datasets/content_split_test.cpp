#include "heed/datasets/content_split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"

namespace heed::content_split_test {
namespace {

std::vector<ContentGroup> single_groups(int count, const std::string& prefix = "sample ") {
    ContentGroups groups;
    for (int i = 0; i < count; ++i) groups.add(std::array{content_hash(prefix + std::to_string(i))});
    return groups.groups();
}

std::set<int64_t> set_of(const std::vector<int64_t>& values) {
    return {values.begin(), values.end()};
}

TEST(ContentHash, IsFnv1a) {
    EXPECT_EQ(content_hash(""), 0xcbf29ce484222325u);
    EXPECT_EQ(content_hash("a"), 0xaf63dc4c8601ec8cu);
    EXPECT_EQ(content_hash("foobar"), 0x85944171f73967e8u);
}

TEST(ContentDraw, IsUniformAndItsUsesAreIndependent) {
    double sum = 0;
    int both = 0;
    constexpr int count = 20'000;
    for (int i = 0; i < count; ++i) {
        const uint64_t hash = content_hash("sample " + std::to_string(i));
        const double draw = content_draw(3, "validation", hash);
        ASSERT_GE(draw, 0);
        ASSERT_LT(draw, 1);
        sum += draw;
        both += draw < 0.5 && content_draw(3, "test", hash) < 0.5 ? 1 : 0;
    }
    EXPECT_NEAR(sum / count, 0.5, 0.01);
    EXPECT_NEAR(both, count / 4.0, 300);
    EXPECT_NE(content_draw(3, "test", 1), content_draw(4, "test", 1));
}

TEST(ContentGroups, ANameInCommonJoinsAlsoByWayOfOthers) {
    ContentGroups groups;
    groups.add(std::array<uint64_t, 2>{9, 1});
    groups.add(std::array<uint64_t, 2>{5, 2});
    groups.add(std::array<uint64_t, 2>{7, 3});
    groups.add(std::array<uint64_t, 2>{8, 2});
    groups.add(std::array<uint64_t, 2>{8, 1});
    const std::vector<ContentGroup> found = groups.groups();
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].samples, (std::vector<int64_t>{0, 1, 3, 4}));
    EXPECT_EQ(found[0].name, 5u);
    EXPECT_EQ(found[1].samples, (std::vector<int64_t>{2}));
    EXPECT_EQ(found[1].name, 7u);
}

TEST(HoldBack, TakesAboutTheShareAndAnAdditionMovesNothing) {
    const TrainValidation before = hold_back(single_groups(10'000), 1, "validation", 0.1, "data.validation");
    EXPECT_NEAR(static_cast<double>(before.validation.size()), 1000, 100);
    EXPECT_EQ(before.train.size() + before.validation.size(), 10'000u);
    const TrainValidation after = hold_back(single_groups(12'000), 1, "validation", 0.1, "data.validation");
    const std::set<int64_t> held_back = set_of(after.validation);
    EXPECT_TRUE(std::includes(held_back.begin(), held_back.end(), before.validation.begin(), before.validation.end()));
    const TrainValidation other = hold_back(single_groups(10'000), 2, "validation", 0.1, "data.validation");
    EXPECT_NE(other.validation, before.validation);
}

TEST(HoldBack, NeitherSideIsEmpty) {
    for (int seed = 0; seed < 20; ++seed) {
        for (const double fraction : {1e-6, 0.5, 0.9}) {
            const TrainValidation split =
                hold_back(single_groups(2), static_cast<uint64_t>(seed), "test", fraction, "data.test");
            EXPECT_EQ(split.train.size(), 1u);
            EXPECT_EQ(split.validation.size(), 1u);
        }
    }
    EXPECT_TRUE(hold_back(single_groups(2), 0, "test", 0, "data.test").validation.empty());
    EXPECT_TRUE(
        test::begins_with(test::message_of<UserError>([] { hold_back(single_groups(1), 0, "test", 0.1, "data.test"); }),
                          "data.test 0.1 would keep back all of the training data"));
}

TEST(ContentSubset, IsTheSameInAnyOrderAndPartOfALargerOne) {
    std::vector<uint64_t> hashes;
    for (int i = 0; i < 500; ++i) hashes.push_back(content_hash("sample " + std::to_string(i)));
    std::vector<uint64_t> turned(hashes.rbegin(), hashes.rend());
    const auto chosen = [](const std::vector<uint64_t>& from, int64_t limit) {
        std::set<uint64_t> result;
        for (const int64_t i : content_subset(from, 7, limit)) result.insert(from[static_cast<std::size_t>(i)]);
        return result;
    };
    const std::set<uint64_t> few = chosen(hashes, 20), more = chosen(hashes, 100);
    EXPECT_EQ(few.size(), 20u);
    EXPECT_EQ(chosen(turned, 20), few);
    EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end()));
    EXPECT_EQ(content_subset(hashes, 7, 1000).size(), 500u);
    const std::vector<int64_t> places = content_subset(hashes, 7, 20);
    EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
}

}  // namespace
}  // namespace heed::content_split_test
