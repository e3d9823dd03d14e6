#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/error.h"
#include "heed/core/module/parameter_store.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/forecasts/forecast_facts.h"
#include "heed/trainers/forecasts/forecast_model.h"
#include "heed/trainers/forecasts/forecast_task.h"
#include "heed/trainers/forecasts/naive_forecasts.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed::test::forecast_test {
namespace {

/// Hourly rows of "a", 0 1 2 ..., and "b", 0 1 0 1 ...; scaled by 1.
TimeSeries two_columns(int64_t rows) {
    TimeSeries series;
    series.columns = {"a", "b"};
    series.step = {3600, 0};
    for (int64_t row = 0; row < rows; ++row) {
        series.times.push_back(row * 3600);
        series.values.push_back(static_cast<double>(row));
        series.values.push_back(static_cast<double>(row % 2));
    }
    return series;
}

const SeriesScale unscaled = {{0, 0}, {1, 1}};

WindowShape shape() {
    return {.window = 4, .label = 2, .horizon = 3, .columns = 2, .targets = {0, 1}, .norm = WindowNorm::last};
}

TEST(NaiveForecasts, AreWhatTheirNamesSay) {
    const ScaledSeries series(two_columns(12), unscaled);
    const std::vector<NaiveForecast> all = naive_forecasts(shape(), 2);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(naive_values(all[0], series, shape(), 6), (std::vector<double>{5, 1, 5, 1, 5, 1}));
    EXPECT_EQ(naive_values(all[1], series, shape(), 6), (std::vector<double>{4, 0, 5, 1, 4, 0}));
    EXPECT_EQ(naive_values(all[2], series, shape(), 6), (std::vector<double>{3.5, 0.5, 3.5, 0.5, 3.5, 0.5}));
    EXPECT_EQ(true_values(series, shape(), 6), (std::vector<double>{6, 0, 7, 1, 8, 0}));
    EXPECT_EQ(naive_forecasts(shape(), 5).size(), 2U);
    EXPECT_EQ(naive_forecasts(shape(), 0).size(), 2U);
}

TEST(NaiveForecasts, HaveTheErrorsOfTheFormula) {
    const ScaledSeries series(two_columns(12), unscaled);
    const std::vector<int64_t> begins = {6, 7};
    const std::vector<ForecastRow> rows = naive_rows(series, shape(), 2, begins);
    // Last value: errors 1, 2, 3 in each window; of the other column 1, 0, 1.
    const std::vector<double> deviations = {10, 3};
    const ForecastScores last = rows[0].errors.scores(deviations);
    EXPECT_DOUBLE_EQ(last.mse, (1 + 4 + 9 + 1 + 0 + 1) / 6.0);
    EXPECT_DOUBLE_EQ(last.mae, (1 + 2 + 3 + 1 + 0 + 1) / 6.0);
    EXPECT_DOUBLE_EQ(last.mse_real, (100 * 14 + 9 * 2) / 6.0);
    EXPECT_DOUBLE_EQ(last.mae_real, (10 * 6 + 3 * 2) / 6.0);
    EXPECT_EQ(rows[0].errors.mse_by_row(), (std::vector<double>{1, 2, 5}));
    // A season before: errors 2, 2, 4, and none of the column with that season.
    EXPECT_DOUBLE_EQ(rows[1].errors.scores(deviations).mse, (4 + 4 + 16) / 6.0);
    EXPECT_EQ(rows[1].errors.windows(), 2);
    EXPECT_TRUE(contains(naive_verdict(rows, deviations), "better than every naive forecast"));
    ForecastErrors sum(3, 2);
    sum.add(2, rows[0].errors.squares(), rows[0].errors.magnitudes());
    EXPECT_EQ(sum.scores(deviations).mse, last.mse);
    EXPECT_THROW(sum.add(std::vector<double>{1}, std::vector<double>{1}), Error);
}

/// A small model with its parameters.
struct SmallForecaster {
    explicit SmallForecaster(Context& context, const std::string& settings = "") {
        const Recipe recipe = parse_recipe(recipe_spec(),
                                           "model: {type: forecaster, dim: 8, heads: 2, mlp_dim: 8, dropout: 0, "
                                           "embedding_dropout: 0" +
                                               settings + "}\ndata: {name: etth1}\n",
                                           "recipe", {});
        ForecastFacts facts;
        facts.columns = {"a", "b"};
        facts.shape = shape();
        facts.scale = unscaled;
        model = make_forecast_model(recipe, facts);
        store = std::make_unique<ParameterStore>(context, *model, 1);
    }

    std::unique_ptr<Forecaster> model;
    std::unique_ptr<ParameterStore> store;
};

ForecastData data_of(const TimeSeries& series) {
    return {ScaledSeries(series, unscaled), shape(), 2, {1, 1}, {4, 5}, {6}, {7, 8}};
}

TEST(ForecastTask, NothingBehindAWindowHasAnInfluence) {
    Context context("cpu");
    SmallForecaster small(context);
    TimeSeries changed = two_columns(12);
    for (size_t i = 2 * 7; i < changed.values.size(); ++i) changed.values[i] += 100;
    ForecastTask task(context, *small.model, data_of(two_columns(12)));
    ForecastTask other(context, *small.model, data_of(changed));
    const std::vector<int64_t> at = {7}, later = {8};
    EXPECT_EQ(task.forecasts(at), other.forecasts(at));
    EXPECT_NE(task.forecasts(later), other.forecasts(later));
}

TEST(ForecastTask, MeasuresWhatItsForecastsAre) {
    Context context("cpu");
    for (const char* pattern : {"causal", "noncausal"}) {
        SmallForecaster small(context, std::string(", decoder_pattern: ") + pattern);
        ForecastTask task(context, *small.model, data_of(two_columns(12)));
        const Evaluation result = task.evaluate(Split::test);
        EXPECT_EQ(result.count, 2);
        EXPECT_FALSE(result.has_accuracy);
        const std::vector<int64_t> begins = {7, 8};
        const std::vector<double> forecasts = task.forecasts(begins);
        double squares = 0.0;
        for (size_t i = 0; i < forecasts.size(); ++i) {
            const double truth = true_values(task.data().series, shape(), begins[i / 6])[i % 6];
            squares += (forecasts[i] - truth) * (forecasts[i] - truth);
        }
        EXPECT_NEAR(result.loss, squares / 12, 1e-5 * squares);
        EXPECT_EQ(task.divergence_from(*small.model, Split::test), 0.0);
        EXPECT_EQ(result.more.size(), 16U);
        EXPECT_EQ(result.more[4].first, "naive_last_mse");
    }
}

/// An untrained model says the last value: errors 1, 2, 3 of the first column, 0 or 1 of the other.
TEST(ForecastLoss, IsTheMeanOverTheValuesOfAWindow) {
    Context context("cpu");
    const auto loss_of = [&](const ForecastLoss& loss) {
        SmallForecaster small(context);
        ForecastTask task(context, *small.model, data_of(two_columns(12)), loss);
        BatchPlan plan;
        plan.batch = 2;
        task.begin(plan);
        ForwardState state;
        state.training = true;
        double totals[2];
        task.next(state).totals.copy_to_host(totals);
        context.tape().clear();
        return totals[0] / 2;
    };
    using Kind = ForecastLoss::Kind;
    EXPECT_NEAR(loss_of({}), 16.0 / 6, 1e-5);
    EXPECT_NEAR(loss_of({Kind::absolute}), 8.0 / 6, 1e-5);
    EXPECT_NEAR(loss_of({Kind::huber, 2.0f}), (0.5 + 2 + 4 + 0.5 + 0.5) / 6, 1e-5);
    EXPECT_NEAR(loss_of({Kind::huber, 10.0f}), 8.0 / 6, 1e-5);
}

TEST(ForecastLoss, CountsScaledValuesWhereWindowsAreDivided) {
    Context context("cpu");
    SeriesBatch batch;
    batch.factor = {4.0f, 0.5f};
    const Shape shape = {1, 1, 2};
    const std::vector<float> x = {0.5f, 3.0f}, y = {0.0f, 0.0f};
    const Variable predictions(Tensor::from_host(context, shape, std::span<const float>(x)));
    const Tensor targets = Tensor::from_host(context, shape, std::span<const float>(y));
    const auto loss_of = [&](const ForecastLoss& loss) {
        return forecast_loss(predictions, targets, batch, loss).loss.value().to_vector()[0];
    };
    using Kind = ForecastLoss::Kind;
    EXPECT_FLOAT_EQ(loss_of({}), (4.0f + 2.25f) / 2);
    EXPECT_FLOAT_EQ(loss_of({Kind::absolute}), (2.0f + 1.5f) / 2);
    EXPECT_FLOAT_EQ(loss_of({Kind::huber, 1.0f}), (16 * 0.125f + 0.25f * 2.5f) / 2);
}

/// With the weights of the last row alone the skip adds that row to the forecast, column by column.
TEST(LinearSkip, AddsALinearMapOfTheWindow) {
    Context context("cpu");
    SmallForecaster plain(context), skip(context, ", linear_skip: true");
    EXPECT_EQ(skip.model->parameter_count() - plain.model->parameter_count(), 3 * 4 + 3);
    EXPECT_EQ(skip.model->multiplies() - plain.model->multiplies(), 2 * 3 * 4);
    const int64_t batch = 2, features = skip.model->geometry().features;
    std::vector<float> source(static_cast<size_t>(batch * 4 * features));
    for (size_t i = 0; i < source.size(); ++i) source[i] = static_cast<float>(i);
    const Tensor rows = Tensor::from_host(context, {batch, 4, features}, std::span<const float>(source));
    const Tensor decoder = Tensor::zeros(context, {batch, 5, features});
    const NoGradient guard(context);
    for (Parameter* parameter : skip.store->parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            if (part.name != "skip.weight") continue;
            std::vector<float> weight(12, 0.0f);
            for (size_t row = 0; row < 3; ++row) weight[row * 4 + 3] = static_cast<float>(row + 1);
            Tensor value = parameter->part_value(part);
            value.copy_from_host(weight.data());
        }
    }
    const std::vector<float> got = skip.model->forward(rows, decoder, {}).value().to_vector();
    for (int64_t b = 0; b < batch; ++b) {
        for (int64_t row = 0; row < 3; ++row) {
            for (int64_t column = 0; column < 2; ++column) {
                const float last = source[static_cast<size_t>((b * 4 + 3) * features + column)];
                EXPECT_FLOAT_EQ(got[static_cast<size_t>((b * 3 + row) * 2 + column)],
                                static_cast<float>(row + 1) * last);
            }
        }
    }
}

TEST(ForecastFacts, ComeBackFromTheirDetails) {
    ForecastFacts facts;
    facts.columns = {"a", "b"};
    facts.shape = shape();
    facts.shape.targets = {1};
    facts.scale = {{0.1, -2}, {1e-3, 4}};
    facts.step = {0, 3, true};
    facts.season = 4;
    const auto back = ForecastFacts::from_details(facts.details());
    EXPECT_EQ(back->details(), facts.details());
    EXPECT_EQ(back->scale, facts.scale);
    EXPECT_EQ(back->step, facts.step);
    EXPECT_EQ(back->geometry().features, 10);
    EXPECT_EQ(back->text(), "4 rows to 3, of b from a and b");
    std::string damaged = facts.details();
    damaged.replace(damaged.find("\"targets\":[1]"), 13, "\"targets\":[2]");
    EXPECT_TRUE(contains(message_of<UserError>([&] { ForecastFacts::from_details(damaged); }), "targets"));
}

}  // namespace
}  // namespace heed::test::forecast_test
