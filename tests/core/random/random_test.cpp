#include "heed/core/random/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "heed/core/error.h"

namespace heed::test::random_test {

namespace {

std::vector<uint32_t> words(const PhiloxBlock& block) {
    return {std::begin(block.word), std::end(block.word)};
}

// The known answers that the authors distribute with Random123 (kat_vectors, philox4x32 with 10 rounds).
TEST(Philox, KnownAnswers) {
    EXPECT_EQ((std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}), words(philox({0, 0}, {})));
    constexpr uint32_t ones = 0xffffffff;
    EXPECT_EQ((std::vector<uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}),
              words(philox({ones, ones}, {{ones, ones, ones, ones}})));
    EXPECT_EQ((std::vector<uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}),
              words(philox({0xa4093822, 0x299f31d0}, {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}})));
}

TEST(RandomKey, DependsOnSeedPurposeAndName) {
    std::set<std::pair<uint32_t, uint32_t>> keys;
    int made = 0;
    for (uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32, ~uint64_t{0}}) {
        for (RandomPurpose purpose :
             {RandomPurpose::initialisation, RandomPurpose::data_order, RandomPurpose::dropout,
              RandomPurpose::augmentation, RandomPurpose::hashing, RandomPurpose::split, RandomPurpose::drop_path,
              RandomPurpose::explanation, RandomPurpose::generation}) {
            for (const char* name : {"", "a", "b", "ab", "ba", "encoder.layers.0", "encoder.layers.1"}) {
                const RandomKey key = random_key(seed, purpose, name);
                keys.insert({key.k0, key.k1});
                ++made;
            }
        }
    }
    EXPECT_EQ(static_cast<std::size_t>(made), keys.size());
}

TEST(RandomKey, IsWhatTheHeaderSays) {
    // 0x85944171f73967e8 is the published FNV-1a hash of "foobar".
    const PhiloxBlock block = philox({0x89abcdef, 0x01234567}, {{0xf73967e8, 0x85944171, 2, 0}});
    const RandomKey key = random_key(0x0123456789abcdef, RandomPurpose::dropout, "foobar");
    EXPECT_EQ(block.word[0], key.k0);
    EXPECT_EQ(block.word[1], key.k1);
}

TEST(RandomWord, FollowsTheLayoutOfBlocks) {
    const RandomStream stream = {{11, 22}, 33, 44};
    EXPECT_EQ(philox({11, 22}, {{0, 0, 44, 33}}).word[0], random_word(stream, 0, 0));
    EXPECT_EQ(philox({11, 22}, {{15, 0, 44, 33}}).word[0], random_word(stream, 0, 15));
    EXPECT_EQ(philox({11, 22}, {{0, 0, 44, 33}}).word[1], random_word(stream, 0, 16));
    EXPECT_EQ(philox({11, 22}, {{15, 0, 44, 33}}).word[3], random_word(stream, 0, 63));
    EXPECT_EQ(philox({11, 22}, {{16, 0, 44, 33}}).word[0], random_word(stream, 0, 64));
    EXPECT_EQ(philox({11, 22}, {{16 + 5, 0, 47, 33}}).word[2], random_word(stream, 3, 64 + 32 + 5));
    // Beyond 2^34 elements the counter needs its high word.
    EXPECT_EQ(philox({11, 22}, {{0, 1, 44, 33}}).word[0], random_word(stream, 0, int64_t{1} << 34));
}

TEST(RandomWord, SamplesAreCountedOverTheWholeBatch) {
    const RandomStream whole = {{1, 2}, 7, 0};
    const RandomStream second_half = {{1, 2}, 7, 8};
    for (int64_t sample = 0; sample < 8; ++sample) {
        for (int64_t element : {0, 17, 100}) {
            EXPECT_EQ(random_word(whole, sample + 8, element), random_word(second_half, sample, element));
        }
    }
}

TEST(DropThreshold, IsTheProbabilityTimesTwoToThe32) {
    EXPECT_EQ(0U, drop_threshold(0));
    EXPECT_EQ(0x80000000U, drop_threshold(0.5));
    EXPECT_EQ(429496730U, drop_threshold(0.1));
    EXPECT_EQ(1U, drop_threshold(0x1p-32));
    EXPECT_EQ(0xFFFFFFFFU, drop_threshold(std::nextafter(1.0, 0.0)));
    for (double p : {1.0, 1.5, -0.1, std::numeric_limits<double>::quiet_NaN()}) EXPECT_THROW(drop_threshold(p), Error);
}

TEST(UniformFloat, StaysBelowOne) {
    EXPECT_EQ(0.0F, uniform_float(0));
    EXPECT_EQ(0.0F, uniform_float(255));
    EXPECT_EQ(0.5F, uniform_float(0x80000000));
    EXPECT_EQ(1 - 0x1p-24F, uniform_float(0xFFFFFFFF));
}

TEST(RandomSequence, GivesTheWordsOfConsecutiveCounters) {
    RandomSequence sequence({5, 6}, 7, 8);
    for (uint32_t block = 0; block < 3; ++block) {
        for (uint32_t word : words(philox({5, 6}, {{block, 0, 7, 8}}))) EXPECT_EQ(word, sequence.next());
    }
}

TEST(RandomSequence, UniformMomentsAndBins) {
    RandomSequence sequence(random_key(1, RandomPurpose::initialisation, "uniform"));
    constexpr int n = 160000;
    int bins[16] = {};
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        const float u = sequence.uniform();
        ASSERT_GE(u, 0.0F);
        ASSERT_LT(u, 1.0F);
        sum += u;
        ++bins[static_cast<int>(u * 16)];
    }
    EXPECT_NEAR(0.5, sum / n, 5 * std::sqrt(1.0 / 12 / n));
    double chi_square = 0;
    for (int count : bins) chi_square += std::pow(count - n / 16, 2) / (n / 16);
    EXPECT_LT(chi_square, 45);  // 15 degrees of freedom: exceeded once in 10^4
    EXPECT_GT(chi_square, 2);
}

TEST(RandomSequence, NormalMomentsAndTails) {
    RandomSequence sequence(random_key(1, RandomPurpose::initialisation, "normal"));
    constexpr int n = 200000;
    double moment[5] = {};
    double neighbours = 0;
    double previous = 0;
    int beyond_two = 0;
    for (int i = 0; i < n; ++i) {
        const double x = sequence.normal();
        ASSERT_LT(std::abs(x), 6.7);
        for (int k = 1; k <= 4; ++k) moment[k] += std::pow(x, k) / n;
        neighbours += x * previous / n;
        previous = x;
        beyond_two += std::abs(x) > 2;
    }
    const double sigma = 1 / std::sqrt(n);
    EXPECT_NEAR(0, moment[1], 5 * sigma);
    EXPECT_NEAR(1, moment[2], 5 * std::sqrt(2.0) * sigma);
    EXPECT_NEAR(0, moment[3], 5 * std::sqrt(15.0) * sigma);
    EXPECT_NEAR(3, moment[4], 5 * std::sqrt(96.0) * sigma);
    EXPECT_NEAR(0, neighbours, 5 * sigma);
    EXPECT_NEAR(0.0455, beyond_two / static_cast<double>(n), 0.0025);
}

TEST(RandomSequence, BelowIsUniformAndInRange) {
    RandomSequence sequence(random_key(1, RandomPurpose::hashing, "below"));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(0U, sequence.below(1));
    int bins[7] = {};
    for (int i = 0; i < 70000; ++i) ++bins[sequence.below(7)];
    for (int count : bins) EXPECT_NEAR(10000, count, 500);
    // With 3/4 of 2^64 the remainder of a word alone would fall into the lower third of the range half of the time.
    constexpr uint64_t bound = uint64_t{3} << 62;
    int lower_third = 0;
    for (int i = 0; i < 3000; ++i) {
        const uint64_t value = sequence.below(bound);
        ASSERT_LT(value, bound);
        lower_third += value < bound / 3;
    }
    EXPECT_NEAR(1000, lower_third, 130);
    EXPECT_THROW(sequence.below(0), Error);
}

TEST(Permutation, IsAPermutationOfItsLength) {
    for (int64_t n : {0, 1, 2, 3, 100, 1001}) {
        std::vector<int64_t> order = permutation(5, 0, n);
        std::sort(order.begin(), order.end());
        ASSERT_EQ(n, static_cast<int64_t>(order.size()));
        for (int64_t i = 0; i < n; ++i) EXPECT_EQ(i, order[static_cast<std::size_t>(i)]);
    }
    EXPECT_THROW(permutation(5, 0, -1), Error);
}

TEST(Permutation, DependsOnSeedAndEpochAlone) {
    const std::vector<int64_t> order = permutation(5, 3, 1000);
    EXPECT_EQ(order, permutation(5, 3, 1000));
    EXPECT_NE(order, permutation(5, 4, 1000));
    EXPECT_NE(order, permutation(6, 3, 1000));
}

TEST(Permutation, AllOrdersAreEquallyLikely) {
    std::vector<int> counts(6);
    for (uint32_t epoch = 0; epoch < 6000; ++epoch) {
        const std::vector<int64_t> order = permutation(9, epoch, 3);
        ++counts[static_cast<std::size_t>(order[0] * 2 + (order[1] > order[2]))];
    }
    for (int count : counts) EXPECT_NEAR(1000, count, 150);
}

// Seeds in published recipes must keep their meaning.
TEST(Permutation, StoredOrder) {
    EXPECT_EQ((std::vector<int64_t>{7, 5, 8, 4, 0, 3, 2, 6, 1, 9}), permutation(1, 0, 10));
}

}  // namespace

}  // namespace heed::test::random_test
