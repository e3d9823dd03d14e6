#include "heed/tests/trainers/explanation/small_models.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "heed/tests/support/close.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed::test {

namespace {

/// The sum of the weights of a row, or its replacement where there is none left.
void normalise(std::span<float> row) {
    double sum = 0;
    for (const float weight : row) sum += static_cast<double>(weight);
    for (float& weight : row) weight = sum > 0 ? static_cast<float>(static_cast<double>(weight) / sum) : 0.0F;
}

}  // namespace

SavedModel small_model(const std::string& recipe, SharedFacts facts) {
    SavedModel saved{"small",
                     std::make_unique<Context>("cpu"),
                     {parse_recipe(recipe_spec(), recipe, "small.yaml", {}), std::move(facts), 0, nullptr, nullptr}};
    TrainedModel& trained = saved.trained;
    trained.model = trained.facts->kind().make_model(trained.recipe, *trained.facts);
    trained.store = std::make_unique<ParameterStore>(*saved.context, *trained.model, 7);
    uint32_t state = 1;
    for (ParameterGroup& group : trained.store->groups()) {
        std::vector<float> values = group.values.to_vector();
        for (float& value : values) {
            state = state * 1664525U + 1013904223U;
            value += 0.7F * (static_cast<float>(state >> 8U) / 16777216.0F - 0.5F);
        }
        group.values.copy_from_host(values.data());
    }
    return saved;
}

std::string type_options(const std::string& type) {
    return "{type: " + type + (type == "smyrf" ? ", cluster: 2, block: 4, rounds: 2}" : "}");
}

std::vector<std::unique_ptr<ExplainedSample>> samples_of(SavedModel& saved, const SampleRequest& request) {
    std::vector<std::unique_ptr<ExplainedSample>> samples;
    saved.trained.facts->kind().explain(
        saved, request, [&](std::unique_ptr<ExplainedSample> sample) { samples.push_back(std::move(sample)); });
    return samples;
}

double log_probability(const std::vector<float>& logits, int64_t explained, bool several) {
    const double own = logits[static_cast<size_t>(explained)];
    if (several) return -std::log1p(std::exp(-own));
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - own);
    return -std::log(sum);
}

void expect_sound(ExplainedSample& sample, bool several) {
    const ExplainedPrediction prediction = sample.prediction();
    const int64_t explained = prediction.explained;
    EXPECT_CLOSE(std::log(prediction.probability), log_probability(prediction.logits, explained, several), 1e-5);
    const std::vector<float> same = sample.with_weights(
        [](const LayerRecord& layer) { return std::vector<float>(layer.weights.begin(), layer.weights.end()); });
    expect_near_by_scale(same, prediction.logits, 1e-5);

    const std::vector<HeadRecord> heads = sample.heads(true);
    double largest = 0;
    for (const HeadRecord& head : heads) {
        for (const float gradient : head.weight_gradient) largest = std::max(largest, std::abs(double{gradient}));
    }
    ASSERT_GT(largest, 1e-3);
    for (const HeadRecord& head : heads) {
        const int64_t entries = head.queries * head.keys;
        ASSERT_EQ(std::ssize(head.weights), entries);
        ASSERT_EQ(std::ssize(head.weight_gradient), entries);
        ASSERT_EQ(std::ssize(head.values), head.keys * head.value_dim);
        for (int64_t entry = head.layer % 2; entry < entries; entry += 1 + entries / 3) {
            const auto with = [&](float change) {
                const std::vector<float> logits = sample.with_weights([&](const LayerRecord& layer) {
                    std::vector<float> weights;
                    if (layer.place != head.place || layer.layer != head.layer) return weights;
                    weights.assign(layer.weights.begin(), layer.weights.end());
                    weights[static_cast<size_t>(head.head * entries + entry)] += change;
                    return weights;
                });
                return log_probability(logits, explained, several);
            };
            constexpr float step = 0.002F;  // small beside the steps of maxima and clusters
            const double slope = (with(step) - with(-step)) / (2.0 * static_cast<double>(step));
            EXPECT_NEAR(head.weight_gradient[static_cast<size_t>(entry)], slope, 3e-3 * largest + 3e-4)
                << "place " << static_cast<int>(head.place) << " layer " << head.layer << " head " << head.head
                << " entry " << entry;
        }
    }
}

std::vector<float> logits_with_masked_columns(ExplainedSample& sample, const std::vector<uint8_t>& kept) {
    return sample.with_weights([&](const LayerRecord& layer) {
        std::vector<float> weights(layer.weights.begin(), layer.weights.end());
        if (layer.place == AttentionPlace::decoder) return weights;
        for (size_t row = 0; row < weights.size(); row += kept.size()) {
            for (size_t key = 0; key < kept.size(); ++key) weights[row + key] *= kept[key] != 0 ? 1.0F : 0.0F;
            normalise(std::span(weights).subspan(row, kept.size()));
        }
        return weights;
    });
}

}  // namespace heed::test
