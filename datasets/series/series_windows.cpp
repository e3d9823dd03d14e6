#include "heed/datasets/series/series_windows.h"

#include <algorithm>
#include <cmath>

#include "heed/core/error.h"

namespace heed {

namespace {

/// What the values of a column are normalised by: (value - shift) / factor.
struct ColumnNorm {
    float shift = 0.0F;
    float factor = 1.0F;
};

/// Of the `window` rows in front of row `first`.
ColumnNorm column_norm(const ScaledSeries& series, const WindowShape& shape, int64_t first, int64_t column) {
    ColumnNorm norm;
    if (shape.norm == WindowNorm::last) norm.shift = series.value(first - 1, column);
    if (shape.norm != WindowNorm::mean) return norm;
    double sum = 0.0, squares = 0.0;
    for (int64_t row = first - shape.window; row < first; ++row) sum += series.value(row, column);
    const double mean = sum / static_cast<double>(shape.window);
    for (int64_t row = first - shape.window; row < first; ++row) {
        const double difference = series.value(row, column) - mean;
        squares += difference * difference;
    }
    constexpr double least_variance = 1e-5;  // as Kim et al. have it, for windows without a change
    norm.shift = static_cast<float>(mean);
    norm.factor = static_cast<float>(std::sqrt(squares / static_cast<double>(shape.window) + least_variance));
    return norm;
}

}  // namespace

ScaledSeries::ScaledSeries(const TimeSeries& series, const SeriesScale& scale, int64_t more_rows)
    : rows(series.rows()), columns(series.width()) {
    values.reserve(series.values.size());
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column < columns; ++column) {
            values.push_back(static_cast<float>(scale.scaled(series.value(row, column), column)));
        }
    }
    calendar.resize(static_cast<std::size_t>((rows + more_rows) * calendar_features));
    for (int64_t row = 0; row < rows + more_rows; ++row) {
        const int64_t time =
            row < rows ? series.times[static_cast<std::size_t>(row)] : series.step.after(series.times.front(), row);
        fill_calendar(time, std::span(calendar).subspan(static_cast<std::size_t>(row * calendar_features),
                                                        static_cast<std::size_t>(calendar_features)));
    }
}

void fill_windows(const ScaledSeries& series, const WindowShape& shape, std::span<const int64_t> first_rows,
                  bool with_targets, SeriesBatch& batch) {
    const int64_t decoder_rows = shape.label + shape.horizon;
    const auto size = [&](int64_t rows, int64_t width) {
        return first_rows.size() * static_cast<std::size_t>(rows * width);
    };
    batch.windows = std::ssize(first_rows);
    batch.source.clear();
    batch.source.reserve(size(shape.window, shape.features()));
    batch.decoder.clear();
    batch.decoder.reserve(size(decoder_rows, shape.features()));
    batch.targets.clear();
    batch.shift.clear();
    batch.factor.clear();
    std::vector<ColumnNorm> norms(static_cast<std::size_t>(shape.columns));
    for (const int64_t first : first_rows) {
        if (first < shape.window || first > series.rows)
            throw Error("a window reaches beyond the beginning of a series");
        for (int64_t column = 0; column < shape.columns; ++column) {
            norms[static_cast<std::size_t>(column)] = column_norm(series, shape, first, column);
        }
        const auto add_row = [&](std::vector<float>& to, int64_t row) {
            for (int64_t column = 0; column < shape.columns; ++column) {
                const ColumnNorm& norm = norms[static_cast<std::size_t>(column)];
                to.push_back(row < first ? (series.value(row, column) - norm.shift) / norm.factor : 0.0F);
            }
            const auto calendar = series.calendar.begin() + row * calendar_features;
            to.insert(to.end(), calendar, calendar + calendar_features);
        };
        for (int64_t row = first - shape.window; row < first; ++row) add_row(batch.source, row);
        for (int64_t row = first - shape.label; row < first + shape.horizon; ++row) add_row(batch.decoder, row);
        for (const int64_t target : shape.targets) {
            batch.shift.push_back(norms[static_cast<std::size_t>(target)].shift);
            batch.factor.push_back(norms[static_cast<std::size_t>(target)].factor);
        }
        if (!with_targets) continue;
        for (int64_t row = first; row < first + shape.horizon; ++row) {
            for (const int64_t target : shape.targets) {
                const ColumnNorm& norm = norms[static_cast<std::size_t>(target)];
                batch.targets.push_back((series.value(row, target) - norm.shift) / norm.factor);
            }
        }
    }
}

std::vector<int64_t> forecast_begins(const WindowShape& shape, PositionRange part, int64_t stride, bool inside) {
    std::vector<int64_t> begins;
    const int64_t first = std::max(shape.window, inside ? part.begin + shape.window : part.begin);
    for (int64_t row = first; row + shape.horizon <= part.end; row += stride) begins.push_back(row);
    return begins;
}

}  // namespace heed
