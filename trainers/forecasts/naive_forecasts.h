#pragma once

#include <functional>
#include <string>
#include <vector>

#include "heed/datasets/series/series_windows.h"
#include "heed/trainers/forecasts/forecast_errors.h"

namespace heed {

/// A forecast that needs no model, made of the rows that a model reads.
struct NaiveForecast {
    std::string id, name;
    int64_t period;  ///< rows after which its values come again
    /// The scaled value of a column `ahead` rows behind the window that ends in front of row `first`.
    std::function<double(const ScaledSeries&, int64_t first, int64_t ahead, int64_t column)> value;
};

/// The last value of the window; the value a season (or several) before, where `season` rows are known and the window
/// holds them; the mean of the window.
std::vector<NaiveForecast> naive_forecasts(const WindowShape& shape, int64_t season);

/// The values [horizon, targets] of the naive forecast that begins at row `first`.
std::vector<double> naive_values(const NaiveForecast& naive, const ScaledSeries& series, const WindowShape& shape,
                                 int64_t first);

/// The true values [horizon, targets] of that forecast.
std::vector<double> true_values(const ScaledSeries& series, const WindowShape& shape, int64_t first);

/// The errors of all naive forecasts that begin at these rows.
std::vector<ForecastRow> naive_rows(const ScaledSeries& series, const WindowShape& shape, int64_t season,
                                    std::span<const int64_t> first_rows);

}  // namespace heed
