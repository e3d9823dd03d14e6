#include "heed/trainers/classification/label_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/tests/support/close.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/trainers/loop/step_totals.h"
#include "heed/trainers/classification/class_probabilities.h"
#include "heed/trainers/classification/class_weights.h"
#include "heed/trainers/classification/multi_label_meter.h"
#include "heed/trainers/report/label_table.h"

namespace heed::label_loss_test {
namespace {

using test::contains;
using test::message_of;

LabelSets sets(const std::vector<std::vector<int32_t>>& all) {
    LabelSets labels;
    for (const auto& each : all) labels.add(each);
    return labels;
}

class LabelLossTest : public testing::Test {
protected:
    Variable logits(const Shape& shape, const std::vector<float>& values) {
        return context_.tape().leaf(Tensor::from_host(context_, shape, values));
    }

    Context context_{"cpu"};
};

const std::vector<float> six = {0.5F, -1.25F, 2.0F, 0.125F, -0.75F, 3.0F};

double softplus(double x) {
    return std::log1p(std::exp(x));
}

TEST_F(LabelLossTest, OfOneLabelIsCrossEntropyTimesTheWeightOfItsClass) {
    const Variable x = logits({2, 3}, six);
    const LabelLoss loss = label_loss(x, sets({{2}, {0}}), {.class_weights = {0.5F, 1, 2}});
    const auto nll = [&](size_t row, size_t label) {
        double sum = 0;
        for (size_t i = 0; i < 3; ++i) sum += std::exp(double{six[3 * row + i]});
        return std::log(sum) - six[3 * row + label];
    };
    EXPECT_CLOSE(test::doubles_of(loss.totals)[0], 2 * nll(0, 2) + 0.5 * nll(1, 0), 1e-6);
    EXPECT_EQ(test::doubles_of(loss.totals)[1], 1);
    EXPECT_CLOSE(test::doubles_of(label_loss(x, sets({{2}, {0}}), {}).totals)[0], nll(0, 2) + nll(1, 0), 1e-6);
}

TEST_F(LabelLossTest, OfSeveralLabelsIsTheirMeanWithWeightsOfTheTrueOnes) {
    const LabelSets labels = sets({{0, 2}, {}});
    const std::vector<double> weights = {3, 7, 0.5};
    for (const double smoothing : {0.0, 0.2}) {
        const Variable x = logits({2, 3}, six);
        const LabelLoss loss = label_loss(x, labels, {true, smoothing, {3, 7, 0.5F}});
        double expected = 0;
        std::vector<double> slopes;
        for (size_t i = 0; i < six.size(); ++i) {
            const bool has = i == 0 || i == 2;
            const double y = (has ? 1 - smoothing : 0) + 0.5 * smoothing, weight = has ? weights[i % 3] : 1;
            expected += weight * (y * softplus(-double{six[i]}) + (1 - y) * softplus(six[i])) / 3;
            slopes.push_back(weight * (1 / (1 + std::exp(-double{six[i]})) - y) / 3);
        }
        EXPECT_CLOSE(test::doubles_of(loss.totals)[0], expected, 1e-6);
        EXPECT_CLOSE(loss.loss.value().to_vector()[0], expected, 1e-6);
        EXPECT_EQ(test::doubles_of(loss.totals)[1], 1);  // the second is given labels that it does not have
        context_.tape().backward(loss.loss);
        const std::vector<float> gradient = x.slot()->gradient().to_vector();
        for (size_t i = 0; i < slopes.size(); ++i) EXPECT_NEAR(gradient[i], slopes[i], 1e-6 * 7) << i;
        context_.tape().clear();
    }
}

TEST_F(LabelLossTest, ProbabilitiesOfLabelsAreIndependent) {
    const Variable x = logits({1, 3}, {0, std::log(3.0F), -200});
    const std::vector<float> each = class_probabilities(x, true), one = class_probabilities(x, false);
    EXPECT_CLOSE(each[0], 0.5, 1e-6);
    EXPECT_CLOSE(each[1], 0.75, 1e-6);
    EXPECT_CLOSE(one[0], 0.25, 1e-6);
    EXPECT_CLOSE(one[1], 0.75, 1e-6);
    const std::vector<float> logs = class_log_probabilities(x, true);
    EXPECT_CLOSE(logs[1], std::log(0.75), 1e-6);
    EXPECT_CLOSE(logs[2], -200, 1e-6);
    EXPECT_CLOSE(class_log_probabilities(x, false)[0], std::log(0.25), 1e-6);
}

/// Three labels, four texts: right {0}, right {}, {1} given as {1, 2}, {0, 2} given as {2}.
TEST_F(LabelLossTest, TheMeterCountsByHand) {
    MultiLabelMeter meter(3, "texts of the test split");
    meter.add(logits({2, 3}, {1, -1, -1, -1, -1, -1}), sets({{0}, {}}), std::vector<int64_t>{3, 1});
    meter.add(logits({2, 3}, {-1, 1, 2, -4, -1, 1}), sets({{1}, {0, 2}}), std::vector<int64_t>{0, 2});
    const Evaluation result = meter.finish();
    EXPECT_EQ(result.count, 4);
    EXPECT_EQ(result.confusion.classes(), 0);
    EXPECT_DOUBLE_EQ(result.accuracy, 0.5);
    ASSERT_EQ(result.labels.size(), 3U);
    // Label 0: has 2, given 1, both 1. Label 1: 1, 1, 1. Label 2: has 1, given 2, both 1.
    EXPECT_DOUBLE_EQ(result.labels[0].precision, 1.0);
    EXPECT_DOUBLE_EQ(result.labels[0].recall, 0.5);
    EXPECT_DOUBLE_EQ(result.labels[1].f1, 1.0);
    EXPECT_DOUBLE_EQ(result.labels[2].precision, 0.5);
    EXPECT_EQ(result.labels[2].samples, 1);
    ASSERT_EQ(result.more.size(), 2U);
    EXPECT_EQ(result.more[0].first, "micro_f1");
    EXPECT_DOUBLE_EQ(result.more[0].second, 2.0 * 3 / (4 + 4));
    EXPECT_EQ(result.more[1].first, "macro_f1");
    EXPECT_DOUBLE_EQ(result.more[1].second, (2.0 / 3 + 1 + 2.0 / 3) / 3);
    EXPECT_DOUBLE_EQ(result.score, result.more[0].second);
    const double loss = (softplus(-1) * 10 + softplus(4) + softplus(2)) / 3 / 4;
    EXPECT_CLOSE(result.loss, loss, 1e-6);
    ASSERT_EQ(result.label_mistakes.size(), 2U);
    EXPECT_EQ(result.label_mistakes[0].index, 2);  // certain to 1 / (1 + e^-4) that label 0 is missing
    EXPECT_EQ(result.label_mistakes[0].missing, (std::vector<int32_t>{0}));
    EXPECT_TRUE(result.label_mistakes[0].wrong.empty());
    EXPECT_CLOSE(result.label_mistakes[0].probability, 1 / (1 + std::exp(-4.0)), 1e-6);
    EXPECT_EQ(result.label_mistakes[1].index, 0);
    EXPECT_EQ(result.label_mistakes[1].wrong, (std::vector<int32_t>{2}));
}

TEST_F(LabelLossTest, TheMeterRefusesWhatIsNotFinite) {
    MultiLabelMeter meter(2, "texts of the test split");
    EXPECT_TRUE(contains(message_of<Error>([&] {
                             meter.add(logits({1, 2}, {0, NAN}), sets({{1}}), std::vector<int64_t>{0});
                         }),
                         "not finite for texts of the test split"));
    EXPECT_TRUE(contains(message_of<Error>([&] { meter.finish(); }), "there are no texts of the test split"));
}

const std::vector<std::string> three = {"a", "b & c", "d"};

std::vector<float> weights_of(const std::vector<double>& weights, bool balanced, const std::vector<int64_t>& counts,
                              int64_t samples, bool several = false) {
    ClassWeightOptions options;
    options.weights = weights;
    options.balanced = balanced;
    return class_weights(options, {three, counts, samples, several});
}

TEST(ClassWeights, HaveAMeanOfOneOverTheSamples) {
    EXPECT_TRUE(weights_of({}, false, {1, 1, 1}, 3).empty());
    // 6 * 2 + 3 * 4 + 1 * 6 = 30 over 10 samples.
    EXPECT_EQ(weights_of({2, 4, 6}, false, {6, 3, 1}, 10), (std::vector<float>{2 / 3.0F, 4 / 3.0F, 2}));
    EXPECT_EQ(weights_of({1, 2, 3}, false, {6, 3, 1}, 10), weights_of({2, 4, 6}, false, {6, 3, 1}, 10));
}

TEST(ClassWeights, BalancedOnesAreSamplesByClassesTimesCount) {
    EXPECT_EQ(weights_of({}, true, {6, 3, 1}, 9 + 1), (std::vector<float>{10 / 18.0F, 10 / 9.0F, 10 / 3.0F}));
}

TEST(ClassWeights, OfSeveralLabelsAreOfThePositiveTerm) {
    EXPECT_EQ(weights_of({2, 4, 6}, false, {6, 3, 1}, 10, true), (std::vector<float>{2, 4, 6}));
    EXPECT_EQ(weights_of({}, true, {5, 2, 1}, 10, true), (std::vector<float>{1, 4, 9}));
}

TEST(ClassWeights, ThatDoNotFitAreRefused) {
    const auto refusal = [](auto&&... arguments) { return message_of<UserError>([&] { weights_of(arguments...); }); };
    const std::vector<int64_t> counts = {6, 3, 0};
    EXPECT_EQ(refusal(std::vector<double>{1, 2}, false, counts, 9),
              "train.classes.weights expects 3 numbers, one for each class (a, b & c, d), got 2");
    EXPECT_TRUE(contains(refusal(std::vector<double>{0, 0, 5}, false, counts, 9), "a weight above 0 for a class of"));
    EXPECT_EQ(refusal(std::vector<double>{}, true, counts, 9),
              "train.classes.balanced expects training samples with each class, but none has \"d\"");
    EXPECT_EQ(refusal(std::vector<double>{}, true, std::vector<int64_t>{9, 1, 1}, 9, true),
              "train.classes.balanced expects training samples with and without each label, but every one has \"a\"");
    ClassWeightOptions both;
    both.weights = {1, 2, 3};
    both.balanced = true;
    EXPECT_TRUE(contains(message_of<UserError>([&] { both.validate(); }), "exclude each other"));
}

TEST(ClassWeights, AreShownWithTheirNames) {
    EXPECT_EQ(class_weights_line({}, three), "");
    EXPECT_EQ(class_weights_line({0.5F, 1, 3.3333F}, three), "weights of the classes: a 0.5, b & c 1, d 3.33");
}

TEST(LabelTable, HasARowEach) {
    const std::string html = label_table_html({{0.5, 0.25, 1.0 / 3, 4, 2}, {0, 0, 0, 0, 0}}, {"a", "b & c"}, "texts");
    EXPECT_TRUE(contains(html, "<th scope=\"row\">a</th><td>4</td><td>2</td><td>50.0</td><td>25.0</td><td>33.3</td>"));
    EXPECT_TRUE(contains(html, "<th scope=\"row\">b &amp; c</th><td>0</td><td>0</td><td>–</td><td>–</td><td>–</td>"));
}

}  // namespace
}  // namespace heed::label_loss_test
