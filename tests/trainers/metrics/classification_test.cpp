#include "heed/trainers/metrics/classification.h"

#include <gtest/gtest.h>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"

namespace heed::classification_test {
namespace {

using test::message_of;

/// Of a matrix [classes, classes], row: true class, column: prediction.
ConfusionCounts counts_of(int64_t classes, const std::vector<int64_t>& matrix) {
    ConfusionCounts counts(classes);
    for (int64_t place = 0; place < classes * classes; ++place) {
        for (int64_t i = 0; i < matrix[static_cast<size_t>(place)]; ++i) counts.add(place / classes, place % classes);
    }
    return counts;
}

TEST(ClassificationScores, OfThreeClassesByHand) {
    const ConfusionCounts confusion = counts_of(3, {5, 1, 0,    // class 0: 6 samples
                                                    2, 3, 1,    // class 1: 6
                                                    0, 0, 8});  // class 2: 8
    const ClassificationScores scores = classification_scores(confusion);
    EXPECT_DOUBLE_EQ(scores.accuracy, 16.0 / 20.0);
    ASSERT_EQ(scores.classes.size(), 3u);
    EXPECT_DOUBLE_EQ(scores.classes[0].precision, 5.0 / 7.0);
    EXPECT_DOUBLE_EQ(scores.classes[0].recall, 5.0 / 6.0);
    EXPECT_DOUBLE_EQ(scores.classes[0].f1, 10.0 / 13.0);
    EXPECT_DOUBLE_EQ(scores.classes[1].precision, 3.0 / 4.0);
    EXPECT_DOUBLE_EQ(scores.classes[1].recall, 3.0 / 6.0);
    EXPECT_DOUBLE_EQ(scores.classes[1].f1, 0.6);
    EXPECT_DOUBLE_EQ(scores.classes[2].precision, 8.0 / 9.0);
    EXPECT_DOUBLE_EQ(scores.classes[2].recall, 1.0);
    EXPECT_EQ(scores.classes[2].samples, 8);
    EXPECT_EQ(scores.classes[2].predicted, 9);
    EXPECT_DOUBLE_EQ(scores.macro_f1, (10.0 / 13.0 + 0.6 + 16.0 / 17.0) / 3.0);
}

TEST(ClassificationScores, AClassThatNeverOccursDoesNotCount) {
    const ConfusionCounts confusion = counts_of(3, {4, 0, 0,    //
                                                    0, 0, 0,    // neither true nor predicted
                                                    2, 0, 2});  //
    const ClassificationScores scores = classification_scores(confusion);
    EXPECT_DOUBLE_EQ(scores.macro_f1, (8.0 / 10.0 + 4.0 / 6.0) / 2.0);
    EXPECT_EQ(scores.classes[1].precision, 0.0);
    EXPECT_EQ(scores.classes[1].recall, 0.0);
    EXPECT_EQ(scores.classes[1].f1, 0.0);
}

TEST(ClassificationScores, AClassWithoutSamplesThatIsPredictedCountsAsZero) {
    const ConfusionCounts confusion = counts_of(2, {3, 1,  //
                                                    0, 0});
    const ClassificationScores scores = classification_scores(confusion);
    EXPECT_DOUBLE_EQ(scores.accuracy, 0.75);
    EXPECT_EQ(scores.classes[1].recall, 0.0);
    EXPECT_EQ(scores.classes[1].f1, 0.0);
    EXPECT_DOUBLE_EQ(scores.macro_f1, (6.0 / 7.0) / 2.0);
}

TEST(ClassificationScores, AClassThatIsNeverPredictedCountsAsZero) {
    const ConfusionCounts confusion = counts_of(2, {3, 0,  //
                                                    1, 0});
    const ClassificationScores scores = classification_scores(confusion);
    EXPECT_EQ(scores.classes[1].precision, 0.0);
    EXPECT_DOUBLE_EQ(scores.macro_f1, (6.0 / 7.0) / 2.0);
}

TEST(ClassificationScores, NothingCountedIsAnError) {
    EXPECT_EQ(message_of<Error>([] { classification_scores(ConfusionCounts(2)); }),
              "a classifier is scored on at least one sample, got none");
    EXPECT_EQ(message_of<Error>([] { ConfusionCounts(0); }), "expected at least one class to count, got 0");
    EXPECT_EQ(message_of<Error>([] { ConfusionCounts(3).add(1, 3); }), "expected a class below 3, got 3");
    EXPECT_EQ(message_of<Error>([] { ConfusionCounts(3).add(-1, 0); }), "expected a class below 3, got -1");
}

TEST(ConfusionCounts, ListTheMostFrequentMistakesFirst) {
    const ConfusionCounts counts = counts_of(3, {5, 1, 2, 2, 3, 0, 0, 2, 8});
    EXPECT_EQ(counts.total(), 23);
    EXPECT_EQ(counts.all_right(), 16);
    EXPECT_EQ(counts.samples(1), 5);
    EXPECT_EQ(counts.predicted(1), 6);
    EXPECT_EQ(counts.right(2), 8);
    EXPECT_EQ(counts.count(2, 1), 2);
    EXPECT_EQ(counts.count(1, 2), 0);
    EXPECT_EQ(counts.count(0, 0), 5);
    std::vector<std::vector<int64_t>> mistakes;
    for (const ConfusionCounts::Mistake& one : counts.mistakes()) {
        mistakes.push_back({one.truth, one.prediction, one.count});
    }
    EXPECT_EQ(mistakes, (std::vector<std::vector<int64_t>>{{0, 2, 2}, {1, 0, 2}, {2, 1, 2}, {0, 1, 1}}));
}

TEST(ConfusionCounts, TakeMemoryForWhatOccursAlone) {
    constexpr int64_t many = 1'000'000;  // squared: more than any machine has
    ConfusionCounts counts(many);
    counts.add(many - 1, 0);
    counts.add(many - 1, many - 1);
    EXPECT_EQ(counts.count(many - 1, 0), 1);
    EXPECT_EQ(counts.samples(many - 1), 2);
}

void add(MultiLabelCounts& counts, std::vector<uint8_t> truth, std::vector<uint8_t> predicted) {
    counts.add(truth, predicted);
}

TEST(MultiLabelScores, OfThreeLabelsByHand) {
    MultiLabelCounts counts(3);
    add(counts, {1, 0, 1}, {1, 0, 1});
    add(counts, {1, 1, 0}, {1, 0, 0});
    add(counts, {0, 1, 0}, {0, 1, 1});
    add(counts, {0, 0, 0}, {0, 0, 0});
    add(counts, {1, 0, 0}, {0, 1, 0});
    const MultiLabelScores scores = counts.scores();
    // Label 0: 2 of 3 found, 2 given. Label 1: 1 of 2 found, 2 given. Label 2: 1 of 1 found, 2 given.
    EXPECT_DOUBLE_EQ(scores.labels[0].precision, 1.0);
    EXPECT_DOUBLE_EQ(scores.labels[0].recall, 2.0 / 3.0);
    EXPECT_DOUBLE_EQ(scores.labels[0].f1, 0.8);
    EXPECT_DOUBLE_EQ(scores.labels[1].f1, 0.5);
    EXPECT_DOUBLE_EQ(scores.labels[2].f1, 2.0 / 3.0);
    EXPECT_DOUBLE_EQ(scores.micro_f1, 8.0 / 12.0);
    EXPECT_DOUBLE_EQ(scores.macro_f1, (0.8 + 0.5 + 2.0 / 3.0) / 3.0);
    EXPECT_DOUBLE_EQ(scores.exact_match, 2.0 / 5.0);
}

TEST(MultiLabelScores, ALabelThatNeverOccursDoesNotCount) {
    MultiLabelCounts counts(2);
    add(counts, {1, 0}, {1, 0});
    EXPECT_DOUBLE_EQ(counts.scores().macro_f1, 1.0);
    EXPECT_DOUBLE_EQ(counts.scores().labels[1].f1, 0.0);
}

TEST(MultiLabelScores, NoLabelAnywhereIsRightButHasNoF1) {
    MultiLabelCounts counts(2);
    add(counts, {0, 0}, {0, 0});
    EXPECT_EQ(counts.scores().exact_match, 1.0);
    EXPECT_EQ(counts.scores().micro_f1, 0.0);
    EXPECT_EQ(counts.scores().macro_f1, 0.0);
}

TEST(MultiLabelScores, WrongSizesAreErrors) {
    MultiLabelCounts counts(2);
    EXPECT_EQ(message_of<Error>([&] {
                  add(counts, {1}, {1, 0});
              }),
              "a sample expects 2 labels, got 1 true and 2 predicted ones");
    EXPECT_EQ(message_of<Error>([&] { counts.scores(); }), "a classifier is scored on at least one sample, got none");
    EXPECT_EQ(message_of<Error>([&] { MultiLabelCounts{0}; }), "expected at least one label to count, got 0");
}

}  // namespace
}  // namespace heed::classification_test
