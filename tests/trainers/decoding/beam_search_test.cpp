// ctest: processors 2
#include "heed/trainers/decoding/beam_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/trainers/decoding/plain_search.h"
#include "heed/tests/trainers/decoding/table_model.h"

namespace heed::beam_search_test {
namespace {

using test::contains;
using test::every_hypothesis;
using test::logarithms;
using test::message_of;
using test::plain_beam_search;
using test::random_table;
using test::Table;
using test::TableModel;

constexpr SpecialTokens special;  // pad 0, unknown 1, begin 2, end 3
constexpr int64_t vocabulary = 6;
constexpr int32_t a = 4, b = 5;

/// At most `longest` tokens, whatever the source.
BeamSearchOptions options_for(int64_t beam, int64_t n_best, int64_t longest) {
    BeamSearchOptions options;
    options.beam = beam;
    options.n_best = n_best;
    options.max_length_factor = 0;
    options.max_length_extra = longest;
    return options;
}

std::vector<Hypothesis> search_one(const Table& table, const BeamSearchOptions& options, int64_t sentence = 0,
                                   int64_t source_length = 1) {
    TableModel model(vocabulary, table, sentence);
    return beam_search(model, {&source_length, 1}, options, special).at(0);
}

void expect_equal(const std::vector<Hypothesis>& found, const std::vector<Hypothesis>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].tokens, expected[i].tokens) << i;
        EXPECT_DOUBLE_EQ(found[i].log_probability, expected[i].log_probability) << i;
        EXPECT_DOUBLE_EQ(found[i].score, expected[i].score) << i;
    }
}

/// The first `count`.
std::vector<Hypothesis> first_of(std::vector<Hypothesis> hypotheses, int64_t count) {
    hypotheses.resize(std::min<size_t>(hypotheses.size(), count));
    return hypotheses;
}

// Three tokens may be written: 3^4 sequences of the full length live at once, 121 end.
TEST(BeamSearch, AWideBeamFindsTheBestOfAllSequences) {
    for (uint32_t seed = 0; seed < 20; ++seed) {
        for (const double penalty : {0.0, 0.6, 1.0, 3.0}) {
            for (const int64_t min_length : {0, 2}) {
                BeamSearchOptions options = options_for(128, 7, 4);
                options.length_penalty = penalty;
                options.min_length = min_length;
                const Table table = random_table(vocabulary, seed);
                const auto all = every_hypothesis(table, 0, 1, options, special);
                ASSERT_EQ(all.size(), min_length == 0 ? 121u : 117u);
                expect_equal(search_one(table, options), first_of(all, 7));
            }
        }
    }
}

TEST(BeamSearch, ANarrowBeamFollowsItsDefinition) {
    for (uint32_t seed = 0; seed < 40; ++seed) {
        for (const int64_t beam : {1, 2, 3, 5}) {
            for (const double patience : {1.0, 2.0, 1e6}) {
                BeamSearchOptions options = options_for(beam, beam, 7);
                options.patience = patience;
                options.length_penalty = 0.25 * (seed % 8);
                options.min_length = seed % 3;
                const Table table = random_table(vocabulary, seed);
                SCOPED_TRACE(testing::Message() << "seed " << seed << " beam " << beam << " patience " << patience);
                expect_equal(search_one(table, options), plain_beam_search(table, 0, 1, options, special));
            }
        }
    }
}

TEST(BeamSearch, OneBeamIsGreedy) {
    for (uint32_t seed = 0; seed < 50; ++seed) {
        const Table table = random_table(vocabulary, seed);
        std::vector<int32_t> greedy;
        while (greedy.size() < 8) {
            const auto values = table(0, greedy);
            int32_t best = special.unknown;
            for (const int32_t token : {special.end, a, b}) best = values[token] > values[best] ? token : best;
            if (best == special.end) break;
            greedy.push_back(best);
        }
        const auto found = search_one(table, options_for(1, 1, 8));
        ASSERT_EQ(found.size(), 1u);
        EXPECT_EQ(found[0].tokens, greedy) << seed;
    }
}

TEST(BeamSearch, ABatchGivesWhatItsSentencesGiveAlone) {
    const std::vector<int64_t> lengths = {3, 0, 12, 5, 5, 1, 9};
    for (const int64_t beam : {1, 4}) {
        BeamSearchOptions options;
        options.beam = options.n_best = beam;
        options.max_length_extra = 2;
        const Table table = random_table(vocabulary, 8);
        for (const int threads : {1, 2}) {
            set_thread_count(threads);
            TableModel model(vocabulary, table);
            const auto found = beam_search(model, lengths, options, special);
            ASSERT_EQ(found.size(), lengths.size());
            for (size_t i = 0; i < lengths.size(); ++i) {
                expect_equal(found[i], search_one(table, options, static_cast<int64_t>(i), lengths[i]));
            }
        }
    }
}

TEST(BeamSearch, FinishedSentencesLeaveTheBatch) {
    // Sentence i writes i times a and ends.
    const Table table = [](int64_t sentence, const std::vector<int32_t>& written) {
        const bool end = static_cast<int64_t>(written.size()) == sentence;
        return logarithms({0, 0.01, 0, end ? 0.97 : 0.01, end ? 0.01 : 0.97, 0.01});
    };
    const std::vector<int64_t> lengths(3, 10);
    TableModel model(vocabulary, table);
    const auto found = beam_search(model, lengths, options_for(1, 1, 10), special);
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(found[i][0].tokens, std::vector<int32_t>(i, a));
    EXPECT_EQ(model.rows_of_steps(), (std::vector<int64_t>{3, 2, 1}));
    EXPECT_EQ(model.reorders(), 2);
}

TEST(BeamSearch, GreedySearchOfEqualLengthsReordersNothing) {
    const Table table = [](int64_t, const std::vector<int32_t>& written) {
        const bool end = written.size() == 4;
        return logarithms({0, 0.01, 0, end ? 0.97 : 0.01, end ? 0.01 : 0.97, 0.01});
    };
    const std::vector<int64_t> lengths(2, 10);
    TableModel model(vocabulary, table);
    beam_search(model, lengths, options_for(1, 1, 10), special);
    EXPECT_EQ(model.reorders(), 0);
    EXPECT_EQ(model.rows_of_steps(), std::vector<int64_t>(5, 2));
}

TEST(BeamSearch, NBestAreOrderedAndDistinct) {
    for (uint32_t seed = 0; seed < 20; ++seed) {
        const auto found = search_one(random_table(vocabulary, seed), options_for(6, 6, 8));
        ASSERT_EQ(found.size(), 6u);
        for (size_t i = 1; i < found.size(); ++i) {
            EXPECT_GE(found[i - 1].score, found[i].score);
            for (size_t j = 0; j < i; ++j) EXPECT_NE(found[i].tokens, found[j].tokens);
        }
    }
}

TEST(BeamSearch, FewerAreFoundThanAskedForWhereThereAreFewer) {
    const Table table = [](int64_t, const std::vector<int32_t>& written) {
        return written.empty() ? logarithms({0, 0, 0, 0.4, 0.6, 0}) : logarithms({0, 0, 0, 1, 0, 0});
    };
    const auto found = search_one(table, options_for(4, 4, 10));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].tokens, std::vector<int32_t>{a});
    EXPECT_TRUE(found[1].tokens.empty());
}

TEST(BeamSearch, TheLengthPenaltyFavoursLongerOnes) {
    // The end at once: 0.3. "a" and the end: 0.5 * 0.5 = 0.25, by (7 / 6)^p less negative.
    const Table table = [](int64_t, const std::vector<int32_t>& written) {
        return written.empty() ? logarithms({0, 0.1, 0, 0.3, 0.5, 0.1}) : logarithms({0, 0.2, 0, 0.5, 0.1, 0.2});
    };
    BeamSearchOptions options = options_for(4, 2, 1);
    options.length_penalty = 0;
    EXPECT_TRUE(search_one(table, options)[0].tokens.empty());
    EXPECT_CLOSE(search_one(table, options)[0].score, std::log(0.3), 1e-6);
    options.length_penalty = 1;
    EXPECT_EQ(search_one(table, options)[0].tokens, std::vector<int32_t>{a});
    EXPECT_CLOSE(search_one(table, options)[0].score, std::log(0.25) / (7.0 / 6.0), 1e-6);
    EXPECT_CLOSE(search_one(table, options)[0].log_probability, std::log(0.25), 1e-6);
    EXPECT_CLOSE(search_one(table, options)[1].score, std::log(0.3), 1e-6);
}

TEST(BeamSearch, TheLongestAllowedOnesMustEnd) {
    const Table table = [](int64_t, const std::vector<int32_t>&) { return logarithms({0, 0.04, 0, 0.01, 0.9, 0.05}); };
    BeamSearchOptions options = options_for(1, 1, 3);
    options.max_length_factor = 0.5;
    const auto found = search_one(table, options, 0, 4);
    EXPECT_EQ(found[0].tokens, std::vector<int32_t>(5, a));
    EXPECT_CLOSE(found[0].log_probability, 5 * std::log(0.9) + std::log(0.01), 1e-5);
}

TEST(BeamSearch, TheEndHasToWait) {
    const Table table = [](int64_t, const std::vector<int32_t>&) { return logarithms({0, 0.02, 0, 0.9, 0.05, 0.03}); };
    BeamSearchOptions options = options_for(3, 3, 8);
    options.min_length = 3;
    const auto found = search_one(table, options);
    EXPECT_EQ(found[0].tokens, std::vector<int32_t>(3, a));
    for (const Hypothesis& each : found) EXPECT_GE(each.tokens.size(), 3u);
}

TEST(BeamSearch, PadAndBeginAreNeverWritten) {
    const Table table = [](int64_t, const std::vector<int32_t>&) {
        return logarithms({0.4, 0.05, 0.4, 0.05, 0.05, 0.05});
    };
    for (const Hypothesis& each : search_one(table, options_for(8, 8, 3))) {
        for (const int32_t token : each.tokens) EXPECT_TRUE(token != special.pad && token != special.begin) << token;
    }
}

TEST(BeamSearch, AnEndThatIsBeginAndPadAsWellCanBeWritten) {
    const SpecialTokens shared{.pad = 3, .unknown = 1, .begin = 3, .end = 3};
    const Table table = [](int64_t, const std::vector<int32_t>& written) {
        return written.empty() ? logarithms({0.1, 0.1, 0.1, 0.1, 0.5, 0.1})
                               : logarithms({0.05, 0.05, 0.05, 0.8, 0.03, 0.02});
    };
    TableModel model(vocabulary, table);
    const int64_t length = 4;
    EXPECT_EQ(beam_search(model, {&length, 1}, options_for(2, 1, 5), shared)[0][0].tokens, std::vector<int32_t>{a});
}

TEST(BeamSearch, EqualsAreOrderedByRowThenToken) {
    const Table table = [](int64_t, const std::vector<int32_t>& written) {
        return written.size() < 2 ? logarithms({0, 0.25, 0, 0.25, 0.25, 0.25}) : logarithms({0, 0, 0, 1, 0, 0});
    };
    BeamSearchOptions options = options_for(3, 3, 2);
    options.length_penalty = 0;
    options.patience = 1e6;
    const auto found = search_one(table, options);
    // First step: 1, end, 4 lie within the beam and live on are 1, 4, 5. Second: 1 1, 1 end, 1 4 and so on.
    ASSERT_EQ(found.size(), 3u);
    EXPECT_TRUE(found[0].tokens.empty());
    EXPECT_EQ(found[1].tokens, std::vector<int32_t>{special.unknown});
    EXPECT_EQ(found[2].tokens, (std::vector<int32_t>{special.unknown, special.unknown}));
}

TEST(BeamSearch, EndsAsSoonAsNothingCanWin) {
    // The first end is nearly certain; what lives on has lost too much already.
    const Table table = [](int64_t, const std::vector<int32_t>&) {
        return logarithms({0, 1e-8, 0, 1.0 - 3e-8, 1e-8, 1e-8});
    };
    BeamSearchOptions options = options_for(4, 1, 100);
    options.patience = 1e6;
    TableModel model(vocabulary, table);
    const int64_t length = 4;
    const auto found = beam_search(model, {&length, 1}, options, special);
    EXPECT_TRUE(found[0][0].tokens.empty());
    EXPECT_EQ(model.rows_of_steps().size(), 1u);
}

TEST(BeamSearch, GoesOnWhileLengthMayStillMakeUpForProbability) {
    // "a" six times has probability 0.3, less than the 0.5 of the end at once, but six tokens more.
    const Table table = [](int64_t, const std::vector<int32_t>& written) {
        if (written.empty()) return logarithms({0, 0.1, 0, 0.5, 0.3, 0.1});
        return written.size() < 6 ? logarithms({0, 0, 0, 0, 1, 0}) : logarithms({0, 0, 0, 1, 0, 0});
    };
    BeamSearchOptions options = options_for(2, 1, 6);
    options.length_penalty = 3;
    options.patience = 1e6;
    const auto found = search_one(table, options);
    EXPECT_EQ(found[0].tokens, std::vector<int32_t>(6, a));
    EXPECT_CLOSE(found[0].score, std::log(0.3) / 8.0, 1e-6);
}

TEST(BeamSearch, NoSentencesGiveNothing) {
    TableModel model(vocabulary, random_table(vocabulary, 1));
    EXPECT_TRUE(beam_search(model, {}, {}, special).empty());
    EXPECT_TRUE(model.rows_of_steps().empty());
}

/// The message when the third step gives `value` for `token` in the last row.
std::string message_with(float value, int32_t token) {
    const Table random = random_table(vocabulary, 3);
    const Table table = [&](int64_t sentence, const std::vector<int32_t>& written) {
        auto values = random(sentence, written);
        if (sentence == 1 && written.size() == 2) values[token] = value;
        return values;
    };
    BeamSearchOptions options = options_for(4, 1, 6);
    options.min_length = 4;
    const std::vector<int64_t> lengths = {3, 3};
    TableModel model(vocabulary, table);
    return message_of<Error>([&] { beam_search(model, lengths, options, special); });
}

TEST(BeamSearch, WhatIsNoLogProbabilityIsAnError) {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    for (int32_t token = 0; token < vocabulary; ++token) {
        EXPECT_TRUE(contains(message_with(nan, token), "expected log-probabilities from the model, got nan for token " +
                                                           std::to_string(token) + " of sentence 2 after 2 tokens"));
    }
    EXPECT_TRUE(contains(message_with(std::numeric_limits<float>::infinity(), a), "got inf for token 4"));
    EXPECT_TRUE(contains(message_with(0.5f, b), "got 0.5 for token 5"));
    EXPECT_EQ(message_with(-std::numeric_limits<float>::infinity(), a), "(nothing thrown)");
}

TEST(BeamSearch, NoPossibleContinuationIsAnError) {
    const Table table = [](int64_t, const std::vector<int32_t>& written) {
        return written.empty() ? logarithms({0, 0, 0, 0, 1, 0}) : logarithms({0.5, 0, 0.5, 0, 0, 0});
    };
    EXPECT_EQ(message_of<Error>([&] { search_one(table, options_for(2, 1, 5)); }),
              "the model gives no possible end for sentence 1: all probabilities are 0");
}

TEST(BeamSearch, WrongNumbersFromTheModelAreErrors) {
    const Table table = [](int64_t, const std::vector<int32_t>&) { return logarithms({0.5, 0.5}); };
    EXPECT_EQ(message_of<Error>([&] { search_one(table, options_for(2, 1, 5)); }),
              "expected 1 x 6 log-probabilities from the model, got 2");
    TableModel model(3, table);
    const int64_t length = 1;
    EXPECT_EQ(message_of<Error>([&] {
                  beam_search(model, {&length, 1}, {}, special);
              }),
              "expected begin and end among the 3 tokens of the model, got 2 and 3");
}

TEST(BeamSearchOptions, ContradictionsAreNamed) {
    BeamSearchOptions options;
    options.n_best = 5;
    EXPECT_EQ(message_of<UserError>([&] { options.validate(); }),
              "decoding.n_best (5) must not be above decoding.beam (4)");
    options.n_best = 1;
    options.min_length = 300;
    EXPECT_EQ(message_of<UserError>([&] { options.validate(); }),
              "decoding.min_length (300) must not be above decoding.max_length (256)");
}

TEST(BeamSearchOptions, TheLongestDependsOnTheSource) {
    BeamSearchOptions options;
    options.max_length_factor = 1.5;
    options.max_length_extra = 10;
    options.max_length = 50;
    EXPECT_EQ(options.longest(0), 10);
    EXPECT_EQ(options.longest(7), 20);
    EXPECT_EQ(options.longest(1'000'000'000), 50);
    options.min_length = 15;
    EXPECT_EQ(options.longest(1), 15);
    options.min_length = options.max_length_extra = 0;
    EXPECT_EQ(options.longest(0), 1);
}

}  // namespace
}  // namespace heed::beam_search_test
