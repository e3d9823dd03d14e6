#include "heed/datasets/series/series_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/catalogue/checksum.h"

namespace heed {

double SeriesScale::scaled(double value, int64_t column) const {
    const auto place = static_cast<std::size_t>(column);
    return (value - mean[place]) / deviation[place];
}

double SeriesScale::unscaled(double value, int64_t column) const {
    const auto place = static_cast<std::size_t>(column);
    return value * deviation[place] + mean[place];
}

SeriesScale scale_of(const TimeSeries& series, PositionRange rows) {
    SeriesScale scale;
    for (int64_t column = 0; column < series.width(); ++column) {
        double sum = 0.0, squares = 0.0;
        for (int64_t row = rows.begin; row < rows.end; ++row) sum += series.value(row, column);
        const double mean = sum / static_cast<double>(rows.size());
        for (int64_t row = rows.begin; row < rows.end; ++row) {
            const double difference = series.value(row, column) - mean;
            squares += difference * difference;
        }
        const double deviation = std::sqrt(squares / static_cast<double>(rows.size()));
        // What is left of equal values by rounding is no deviation.
        constexpr double rounding = 1e-12;
        if (!(deviation > rounding * std::abs(mean)) || deviation == 0.0) {
            throw UserError(fmt::format(
                "'{}': column {} is {:g} in all {} training rows, so that it cannot be scaled: expected columns that "
                "change (data.columns chooses others)",
                series.origin, quote(series.columns[static_cast<std::size_t>(column)]), mean, rows.size()));
        }
        scale.mean.push_back(mean);
        scale.deviation.push_back(deviation);
    }
    return scale;
}

std::vector<int64_t> target_places(const std::vector<std::string>& targets, const std::vector<std::string>& columns) {
    std::vector<int64_t> places;
    if (targets.empty()) {
        places.resize(columns.size());
        std::iota(places.begin(), places.end(), int64_t{0});
    }
    for (const std::string& target : targets) {
        const auto place = std::find(columns.begin(), columns.end(), target);
        if (place == columns.end()) {
            throw UserError(fmt::format("data.targets expects columns that are read, which are {}, got {}{}",
                                        listed(columns), quote(target), did_you_mean(target, columns)));
        }
        places.push_back(place - columns.begin());
    }
    return places;
}

std::string fingerprint(const TimeSeries& series, PositionRange rows) {
    if (rows.size() <= 0) return "";
    Digest digest("sha256");
    const auto count = static_cast<std::size_t>(rows.size());
    const auto width = static_cast<std::size_t>(series.width());
    digest.update(series.times.data() + rows.begin, count * sizeof(int64_t));
    digest.update(series.values.data() + rows.begin * series.width(), count * width * sizeof(double));
    return digest.finish().hex;
}

std::string describe(const SeriesData& data) {
    const TimeSeries& series = data.series;
    std::string text = fmt::format("{}: time series, a row every {}\nfrom        {}\ncolumns     {}\n\n", data.name,
                                   series.step.text(), series.origin, listed(series.columns));
    text += fmt::format("{:<10}  {:>9}  {:<19}  {}\n", "part", "rows", "from", "to");
    for (const auto& [name, rows] :
         {std::pair{"train", data.train}, std::pair{"validation", data.validation}, std::pair{"test", data.test}}) {
        if (rows.size() == 0) continue;
        text += fmt::format("{:<10}  {:>9}  {:<19}  {}\n", name, rows.size(),
                            series.time_text(series.times[static_cast<std::size_t>(rows.begin)]),
                            series.time_text(series.times[static_cast<std::size_t>(rows.end - 1)]));
    }
    if (!data.remarks.empty()) text += '\n';
    for (const std::string& remark : data.remarks) text += remark + '\n';
    return text;
}

}  // namespace heed
