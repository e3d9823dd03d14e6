#include "heed/trainers/explanation/explanation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "heed/tests/support/message_of.h"
#include "heed/trainers/explanation/explanation_json.h"
#include "heed/trainers/explanation/explanation_text.h"
#include "heed/trainers/explanation/page/explanation_page.h"

namespace heed::test::explanation_test {
namespace {

constexpr int64_t units = 8, dim = 2;

/// One head over eight tokens, of which the first and the last are fixed. Its output is what the first query mixes; the
/// logits are that and its negative. Tokens "c" and "f" speak for class 1, in the answers for parts of the input.
class FakeSample final : public ExplainedSample {
public:
    FakeSample() {
        input_.place = "texts.txt:1";
        input_.text = "<a> b & c";
        for (const char* name : {"[CLS]", "b", "c", "<d>", "e", "f", "\u2581g", "[SEP]"}) {
            input_.units.push_back({name, name[0] == '['});
        }
        input_.read_queries = {0};
        head_.queries = head_.keys = units;
        head_.value_dim = dim;
        for (int64_t query = 0; query < units; ++query) {
            double sum = 0.0;
            std::vector<double> row;
            for (int64_t key = 0; key < units; ++key) {
                row.push_back(std::exp(std::sin(static_cast<double>(3 * query + 5 * key))));
                sum += row.back();
            }
            for (const double weight : row) head_.weights.push_back(static_cast<float>(weight / sum));
        }
        for (int64_t i = 0; i < units * dim; ++i) head_.values.push_back(std::cos(static_cast<float>(i * i)));
        head_.weight_gradient.assign(head_.weights.size(), 0.5F);
        prediction_ = {1, "good", 0.9, true, logits(head_.weights)};
    }

    const ExplainedInput& input() const override { return input_; }
    const ExplainedPrediction& prediction() override { return prediction_; }
    std::vector<HeadRecord> heads(bool) override { return {head_}; }

    std::vector<VariantAnswer> answers(std::span<const std::vector<uint8_t>> kept, Removal removal) override {
        std::vector<VariantAnswer> answers;
        for (const std::vector<uint8_t>& mask : kept) {
            EXPECT_EQ(std::ssize(mask), units);
            EXPECT_TRUE(mask.front() == 1 && mask.back() == 1) << "fixed units stay";
            const double each = removal == Removal::keys ? 0.3 : 0.25;
            const double probability = 0.9 - each * ((mask[2] == 0 ? 1 : 0) + (mask[5] == 0 ? 1 : 0));
            answers.push_back({probability, probability > 0.5 ? 1 : 0, probability > 0.5});
        }
        return answers;
    }

    std::vector<float> with_weights(const WeightSubstitution& substitution) override {
        const LayerRecord layer = {head_.place, 0, 1, units, units, dim, false, head_.weights, head_.values};
        substituted = substitution(layer);
        return logits(substituted);
    }

    std::vector<float> substituted;

private:
    std::vector<float> logits(const std::vector<float>& weights) const {
        float sum = 0.0F;
        for (size_t key = 0; key < units; ++key) {
            sum += weights[key] * (head_.values[key * dim] + 3.0F * head_.values[key * dim + 1]);
        }
        return {-sum, sum};
    }

    ExplainedInput input_;
    ExplainedPrediction prediction_;
    HeadRecord head_;
};

ExplainOptions all_options() {
    const std::span<const RelevanceMeasure> measures = relevance_measures();
    return {{measures.begin(), measures.end()}, {Removal::keys, Removal::replacement}, true, {}, 4};
}

TEST(Explanation, TellsOfHeadsSetsAndCurves) {
    FakeSample sample;
    const Explanation found = explain_sample(sample, all_options(), 0);
    ASSERT_EQ(found.heads.size(), 1U);
    const HeadExplanation& head = found.heads.front();
    EXPECT_EQ(head.measures.rank, 3) << "two columns of values and the sum";
    EXPECT_EQ(head.measures.changed_rows, units);
    EXPECT_GT(head.measures.total_variation, 0.01);
    EXPECT_EQ(head.weights.rows, 4);
    EXPECT_EQ(head.least_norm.values.size(), 16U);

    EXPECT_EQ(sample.substituted.size(), static_cast<size_t>(units * units));
    const SubstitutionCheck& check = found.check;
    EXPECT_GT(check.scale, 0.0);
    EXPECT_LT(check.least_norm.difference, 1e-5 * check.scale);
    EXPECT_TRUE(check.least_norm.same_prediction);
    EXPECT_LT(check.random_equivalent.difference, 1e-5 * check.scale);
    EXPECT_GT(check.clipped_effective.difference, 1e-3 * check.scale) << "the check can fail";

    ASSERT_EQ(found.removals.size(), 2U);
    const RemovalExplanation &keys = found.removals[0], &replaced = found.removals[1];
    ASSERT_EQ(keys.relevance.size(), relevance_measures().size());
    constexpr auto leave_one_out_place = static_cast<size_t>(RelevanceMeasure::leave_one_out);
    const std::vector<double>& falls = keys.relevance[leave_one_out_place].units;
    const std::vector<double> expected = {0, 0, 0.3, 0, 0, 0.3, 0, 0};
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(falls[i], expected[i], 1e-12);
    EXPECT_NEAR(replaced.relevance[leave_one_out_place].units[2], 0.25, 1e-12);

    EXPECT_EQ(keys.necessary.smallest, (std::vector<int64_t>{2, 5})) << "0.9 - 0.3 is still above one half";
    EXPECT_EQ(keys.sufficient.smallest->size(), 1U);
    EXPECT_TRUE(keys.necessary.proven);
    EXPECT_EQ(replaced.necessary.smallest->size(), 2U);
    // One of six tokens is 1, 5 and 10 percent, two are 20 and three 50.
    const RemovalCurve& leave_one_out = keys.curves[leave_one_out_place];
    EXPECT_NEAR(leave_one_out.comprehensiveness[0], 0.3, 1e-12);
    EXPECT_NEAR(leave_one_out.comprehensiveness[3], 0.6, 1e-12);
    EXPECT_NEAR(leave_one_out.sufficiency[0], 0.3, 1e-12);
    EXPECT_NEAR(leave_one_out.sufficiency[3], 0.0, 1e-12);
    const std::vector<OrderScore> scores = order_scores(keys);
    EXPECT_EQ(scores[leave_one_out_place].necessary, 2.0);
    EXPECT_EQ(scores[leave_one_out_place].sufficient, 1.0);
}

TEST(Explanation, IsTheSameEachTime) {
    FakeSample sample;
    nlohmann::ordered_json first = explanation_json(explain_sample(sample, all_options(), 3));
    nlohmann::ordered_json second = explanation_json(explain_sample(sample, all_options(), 3));
    nlohmann::ordered_json other = explanation_json(explain_sample(sample, all_options(), 4));
    for (auto* json : {&first, &second, &other}) json->erase("seconds");
    EXPECT_EQ(first, second);
    EXPECT_NE(first["removals"]["keys"]["relevance"]["random"], other["removals"]["keys"]["relevance"]["random"]);
    EXPECT_EQ(first["removals"]["keys"]["relevance"]["raw"], other["removals"]["keys"]["relevance"]["raw"]);
}

TEST(Explanation, SearchesOnlyWhereItIsAsked) {
    FakeSample sample;
    ExplainOptions options = all_options();
    options.search = false;
    options.measures = {RelevanceMeasure::rollout};
    const Explanation found = explain_sample(sample, options, 0);
    EXPECT_FALSE(found.removals[0].necessary.smallest);
    EXPECT_EQ(found.removals[0].runs, 10);
    EXPECT_FALSE(explanation_json(found)["removals"]["keys"].contains("necessary"));
    EXPECT_FALSE(contains(explanation_text(found), "taken from the keys"));
}

TEST(Explanation, IsTold) {
    FakeSample sample;
    const Explanation found = explain_sample(sample, all_options(), 0);
    const std::string text = explanation_text(found);
    EXPECT_TRUE(contains(text, "texts.txt:1: good 90.00 % (6 tokens)"));
    EXPECT_TRUE(contains(text, "leave-one-out                c f "));
    EXPECT_TRUE(contains(text, "without 2 tokens the prediction is another one: c f ("));
    EXPECT_TRUE(contains(text, "1 token alone keeps the prediction: "));
    EXPECT_TRUE(contains(text, "100.0 % of 8 rows change"));
    EXPECT_TRUE(contains(text, "the prediction is the same"));

    MeasureTable table({"raw attention"}, 0);
    ExplanationPageInput page = {"run: <explained>", {"a remark"}, {found}, 2, {}, {}, {}, 4};
    table.add({order_scores(found.removals[0])[0]});
    table.add({order_scores(found.removals[1])[0]});
    page.results.push_back({Removal::keys, 2, table.results()});
    const std::string html = explanation_page(page);
    EXPECT_TRUE(contains(html, "run: &lt;explained&gt;"));
    EXPECT_TRUE(contains(html, "&lt;d&gt;</span>")) << "tokens are escaped";
    EXPECT_TRUE(contains(html, "data-heats=\"0 0 100 0 0 100 0 0\"")) << "leave-one-out";
    EXPECT_TRUE(contains(html, "Of 2 predictions, the first 1 are shown."));
    EXPECT_TRUE(contains(html, "class=\"c0 band\""));
    EXPECT_FALSE(contains(html, "http://")) << "the page needs no network";
    EXPECT_FALSE(contains(html, "https://"));
}

}  // namespace
}  // namespace heed::test::explanation_test
