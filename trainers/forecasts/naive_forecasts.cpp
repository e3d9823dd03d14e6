#include "heed/trainers/forecasts/naive_forecasts.h"

#include <fmt/format.h>

namespace heed {

std::vector<NaiveForecast> naive_forecasts(const WindowShape& shape, int64_t season) {
    std::vector<NaiveForecast> all = {
        {"naive_last", "last value", 1, [](const ScaledSeries& series, int64_t first, int64_t, int64_t column) {
             return static_cast<double>(series.value(first - 1, column));
         }}};
    if (season > 0 && season <= shape.window) {
        all.push_back({"naive_season", fmt::format("{} rows before", season), season,
                       [season](const ScaledSeries& series, int64_t first, int64_t ahead, int64_t column) {
                           return static_cast<double>(series.value(first - season + ahead, column));
                       }});
    }
    all.push_back({"naive_mean", "mean of the window", 1,
                   [window = shape.window](const ScaledSeries& series, int64_t first, int64_t, int64_t column) {
                       double sum = 0.0;
                       for (int64_t row = first - window; row < first; ++row) sum += series.value(row, column);
                       return sum / static_cast<double>(window);
                   }});
    return all;
}

std::vector<double> naive_values(const NaiveForecast& naive, const ScaledSeries& series, const WindowShape& shape,
                                 int64_t first) {
    std::vector<double> values;
    for (int64_t ahead = 0; ahead < shape.horizon; ++ahead) {
        for (int64_t i = 0; i < shape.target_count(); ++i) {
            const int64_t before = (ahead - naive.period) * shape.target_count() + i;
            values.push_back(ahead >= naive.period
                                 ? values[static_cast<size_t>(before)]
                                 : naive.value(series, first, ahead, shape.targets[static_cast<size_t>(i)]));
        }
    }
    return values;
}

std::vector<double> true_values(const ScaledSeries& series, const WindowShape& shape, int64_t first) {
    std::vector<double> values;
    for (int64_t row = first; row < first + shape.horizon; ++row) {
        for (const int64_t target : shape.targets) values.push_back(series.value(row, target));
    }
    return values;
}

std::vector<ForecastRow> naive_rows(const ScaledSeries& series, const WindowShape& shape, int64_t season,
                                    std::span<const int64_t> first_rows) {
    std::vector<ForecastRow> rows;
    for (const NaiveForecast& naive : naive_forecasts(shape, season)) {
        ForecastErrors errors(shape.horizon, shape.target_count());
        for (const int64_t first : first_rows) {
            errors.add(naive_values(naive, series, shape, first), true_values(series, shape, first));
        }
        rows.push_back({naive.id, naive.name, std::move(errors)});
    }
    return rows;
}

}  // namespace heed
