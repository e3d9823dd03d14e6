#include "heed/trainers/forecasts/forecast_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "heed/core/error.h"

namespace heed {

ForecastErrors::ForecastErrors(int64_t horizon, int64_t columns)
    : columns_(columns),
      squares_(static_cast<size_t>(horizon * columns), 0.0),
      magnitudes_(static_cast<size_t>(horizon * columns), 0.0) {}

void ForecastErrors::add(std::span<const double> forecast, std::span<const double> truth) {
    if (forecast.size() != squares_.size() || truth.size() != squares_.size()) {
        throw Error(fmt::format("a forecast of {} values and a truth of {} do not make errors of {}", forecast.size(),
                                truth.size(), squares_.size()));
    }
    ++windows_;
    for (size_t i = 0; i < squares_.size(); ++i) {
        const double error = forecast[i] - truth[i];
        squares_[i] += error * error;
        magnitudes_[i] += std::abs(error);
    }
}

void ForecastErrors::add(int64_t windows, std::span<const double> squares, std::span<const double> magnitudes) {
    if (squares.size() != squares_.size() || magnitudes.size() != squares_.size()) {
        throw Error("errors of different forecasts do not add up");
    }
    windows_ += windows;
    for (size_t i = 0; i < squares_.size(); ++i) {
        squares_[i] += squares[i];
        magnitudes_[i] += magnitudes[i];
    }
}

ForecastScores ForecastErrors::scores(std::span<const double> deviations) const {
    ForecastScores scores;
    const auto columns = static_cast<size_t>(columns_);
    for (size_t i = 0; i < squares_.size(); ++i) {
        const double deviation = deviations[i % columns];
        scores.mse += squares_[i];
        scores.mae += magnitudes_[i];
        scores.mse_real += deviation * deviation * squares_[i];
        scores.mae_real += deviation * magnitudes_[i];
    }
    const double count = static_cast<double>(windows_) * static_cast<double>(squares_.size());
    for (double* sum : {&scores.mse, &scores.mae, &scores.mse_real, &scores.mae_real}) *sum /= count;
    return scores;
}

std::vector<double> ForecastErrors::mse_by_row() const {
    const auto columns = static_cast<size_t>(columns_);
    std::vector<double> rows(squares_.size() / columns, 0.0);
    for (size_t i = 0; i < squares_.size(); ++i) rows[i / columns] += squares_[i];
    for (double& row : rows) row /= static_cast<double>(windows_) * static_cast<double>(columns_);
    return rows;
}

std::vector<std::string> forecast_table(std::span<const ForecastRow> rows, std::span<const double> deviations) {
    size_t width = 8;
    for (const ForecastRow& row : rows) width = std::max(width, row.name.size());
    std::vector<std::string> lines = {fmt::format("{:<{}}  {:>9}  {:>9}  {:>12}  {:>12}", "forecast", width, "MSE",
                                                  "MAE", "MSE in units", "MAE in units")};
    for (const ForecastRow& row : rows) {
        const ForecastScores scores = row.errors.scores(deviations);
        lines.push_back(fmt::format("{:<{}}  {:>9.4f}  {:>9.4f}  {:>12.5g}  {:>12.5g}", row.name, width, scores.mse,
                                    scores.mae, scores.mse_real, scores.mae_real));
    }
    return lines;
}

std::string naive_verdict(std::span<const ForecastRow> rows, std::span<const double> deviations) {
    const auto mse = [&](const ForecastRow& row) { return row.errors.scores(deviations).mse; };
    const auto best =
        std::min_element(rows.begin() + 1, rows.end(), [&](const auto& a, const auto& b) { return mse(a) < mse(b); });
    const bool better = mse(rows.front()) < mse(*best);
    return fmt::format("{} on squared error (the best of them: {}, {:.4f})",
                       better ? "better than every naive forecast" : "no better than the best naive forecast",
                       best->name, mse(*best));
}

}  // namespace heed
