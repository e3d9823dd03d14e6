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
