#include "heed/datasets/series/series_windows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "heed/core/error.h"

namespace heed::test::series_windows_test {
namespace {

/// Hourly rows of two columns, 10 * row and its square, scaled by 1.
TimeSeries series(int64_t rows) {
    TimeSeries series;
    series.columns = {"a", "b"};
    series.step = {3600, 0};
    for (int64_t row = 0; row < rows; ++row) {
        series.times.push_back(row * 3600);
        series.values.push_back(static_cast<double>(10 * row));
        series.values.push_back(static_cast<double>(row * row));
    }
    return series;
}

const SeriesScale unscaled = {{0, 0}, {1, 1}};

WindowShape shape(WindowNorm norm) {
    return {.window = 4, .label = 2, .horizon = 3, .columns = 2, .targets = {1}, .norm = norm};
}

TEST(Windows, HoldWhatTheirPlacesSay) {
    const ScaledSeries scaled(series(12), unscaled);
    SeriesBatch batch;
    fill_windows(scaled, shape(WindowNorm::none), std::vector<int64_t>{4, 9}, true, batch);
    ASSERT_EQ(batch.source.size(), 2U * 4 * 10);
    ASSERT_EQ(batch.decoder.size(), 2U * 5 * 10);
    EXPECT_EQ(batch.targets, (std::vector<float>{16, 25, 36, 81, 100, 121}));
    EXPECT_EQ(batch.shift, (std::vector<float>{0, 0}));
    EXPECT_EQ(batch.factor, (std::vector<float>{1, 1}));
    for (size_t row = 0; row < 4; ++row) {
        EXPECT_EQ(batch.source[row * 10], 10.0F * static_cast<float>(row));
        EXPECT_EQ(batch.source[(4 + row) * 10 + 1], static_cast<float>((row + 5) * (row + 5)));
    }
    // Of the decoder the label is known, and of what follows the calendar alone.
    for (size_t row = 0; row < 5; ++row) {
        EXPECT_EQ(batch.decoder[row * 10], row < 2 ? 10.0F * static_cast<float>(row + 2) : 0.0F);
        EXPECT_NEAR(batch.decoder[row * 10 + 2], std::sin(2 * M_PI * static_cast<double>(row + 2) / 24), 1e-6);
    }
}

TEST(Windows, AreNormalisedByWhatTheyHold) {
    const ScaledSeries scaled(series(12), unscaled);
    SeriesBatch batch;
    fill_windows(scaled, shape(WindowNorm::last), std::vector<int64_t>{5}, true, batch);
    EXPECT_EQ(batch.shift, std::vector<float>{16});
    EXPECT_EQ(batch.source[3 * 10], 0.0F);
    EXPECT_EQ(batch.targets, (std::vector<float>{9, 20, 33}));
    fill_windows(scaled, shape(WindowNorm::mean), std::vector<int64_t>{5}, true, batch);
    EXPECT_FLOAT_EQ(batch.shift[0], 7.5F);
    EXPECT_NEAR(batch.factor[0], std::sqrt(32.25), 1e-5);
    for (size_t i = 0; i < 3; ++i) {
        const float row = 5.0F + static_cast<float>(i);
        EXPECT_NEAR(batch.targets[i] * batch.factor[0] + batch.shift[0], row * row, 1e-4);
    }
}

TEST(Windows, NothingBehindThemHasAnInfluence) {
    TimeSeries changed = series(12);
    for (size_t i = 2 * 6; i < changed.values.size(); ++i) changed.values[i] = 1e6;
    for (const WindowNorm norm : {WindowNorm::none, WindowNorm::last, WindowNorm::mean}) {
        SeriesBatch batch, other;
        fill_windows(ScaledSeries(series(12), unscaled), shape(norm), std::vector<int64_t>{6}, true, batch);
        fill_windows(ScaledSeries(changed, unscaled), shape(norm), std::vector<int64_t>{6}, true, other);
        EXPECT_EQ(batch.source, other.source);
        EXPECT_EQ(batch.decoder, other.decoder);
        EXPECT_EQ(batch.shift, other.shift);
        EXPECT_EQ(batch.factor, other.factor);
        EXPECT_NE(batch.targets, other.targets);
    }
}

TEST(Windows, GoOnBehindTheSeries) {
    const ScaledSeries scaled(series(12), unscaled, 3), longer(series(15), unscaled);
    SeriesBatch batch, other;
    fill_windows(scaled, shape(WindowNorm::last), std::vector<int64_t>{12}, false, batch);
    fill_windows(longer, shape(WindowNorm::last), std::vector<int64_t>{12}, true, other);
    EXPECT_EQ(batch.source, other.source);
    EXPECT_EQ(batch.decoder, other.decoder);
    EXPECT_TRUE(batch.targets.empty());
    EXPECT_THROW(fill_windows(scaled, shape(WindowNorm::last), std::vector<int64_t>{3}, false, batch), Error);
}

TEST(ForecastBegins, CoverAPartOnceAStride) {
    const WindowShape windows = shape(WindowNorm::none);
    EXPECT_EQ(forecast_begins(windows, {0, 10}, 1, true), (std::vector<int64_t>{4, 5, 6, 7}));
    EXPECT_EQ(forecast_begins(windows, {0, 10}, 2, true), (std::vector<int64_t>{4, 6}));
    EXPECT_EQ(forecast_begins(windows, {10, 14}, 1, false), (std::vector<int64_t>{10, 11}));
    EXPECT_EQ(forecast_begins(windows, {2, 8}, 1, false), (std::vector<int64_t>{4, 5}));
    EXPECT_TRUE(forecast_begins(windows, {0, 6}, 1, true).empty());
    EXPECT_TRUE(forecast_begins(windows, {10, 12}, 1, false).empty());
}

}  // namespace
}  // namespace heed::test::series_windows_test
