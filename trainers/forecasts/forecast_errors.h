#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace heed {

/// Means over all windows, rows of the forecast and columns.
struct ForecastScores {
    double mse = 0.0, mae = 0.0;            ///< of scaled values: squared and absolute errors
    double mse_real = 0.0, mae_real = 0.0;  ///< of values in their own units
};

/// Errors of forecasts of scaled values, summed up over windows apart for each row of the horizon and each column.
class ForecastErrors {
public:
    ForecastErrors() = default;
    ForecastErrors(int64_t horizon, int64_t columns);

    /// Adds a window: values [horizon, columns].
    void add(std::span<const double> forecast, std::span<const double> truth);
    /// Adds the sums of another; of the same sizes.
    void add(int64_t windows, std::span<const double> squares, std::span<const double> magnitudes);

    int64_t windows() const { return windows_; }
    const std::vector<double>& squares() const { return squares_; }        ///< [horizon, columns]
    const std::vector<double>& magnitudes() const { return magnitudes_; }  ///< [horizon, columns]

    /// `deviations` of the columns are what their values were divided by.
    ForecastScores scores(std::span<const double> deviations) const;
    /// The mean squared error of scaled values at each row of the horizon.
    std::vector<double> mse_by_row() const;

private:
    int64_t windows_ = 0, columns_ = 0;
    std::vector<double> squares_, magnitudes_;
};

/// Errors of a model or of a naive forecast.
struct ForecastRow {
    std::string id;    ///< in metrics.jsonl: "naive_last"; of a model empty
    std::string name;  ///< "last value"
    ForecastErrors errors;
};

/// Lines of a table of all rows, and whether the first, a model's, has a smaller squared error than each other.
std::vector<std::string> forecast_table(std::span<const ForecastRow> rows, std::span<const double> deviations);

/// "better than every naive forecast on squared error (the best of them: last value, 0.0343)", or "no better than ...".
std::string naive_verdict(std::span<const ForecastRow> rows, std::span<const double> deviations);

}  // namespace heed
