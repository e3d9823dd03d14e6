#include "heed/trainers/forecasts/forecast_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "heed/trainers/forecasts/naive_forecasts.h"
#include "heed/trainers/report/charts/chart.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr int ticks = 5;

std::string errors_section(const std::vector<ForecastRow>& rows, const std::vector<double>& deviations) {
    std::string html =
        "<section id=\"errors\">\n<h2>Errors</h2>\n<p>Means over all windows of the test part, rows of the forecast "
        "and "
        "columns: of values scaled by mean and deviation of the training part, and in their own units. The naive "
        "forecasts know the same window as the model.</p>\n<div class=\"scroll\"><table class=\"epochs\">\n"
        "<thead><tr><th scope=\"col\">forecast</th><th scope=\"col\">MSE</th><th scope=\"col\">MAE</th>"
        "<th scope=\"col\">MSE in units</th><th scope=\"col\">MAE in units</th></tr></thead>\n<tbody>\n";
    for (const ForecastRow& row : rows) {
        const ForecastScores scores = row.errors.scores(deviations);
        fmt::format_to(
            std::back_inserter(html),
            "<tr><th scope=\"row\">{}</th><td>{:.4f}</td><td>{:.4f}</td><td>{:.5g}</td><td>{:.5g}</td></tr>\n",
            escape_html(row.name), scores.mse, scores.mae, scores.mse_real, scores.mae_real);
    }
    html += "</tbody>\n</table></div>\n<p>The model is " + escape_html(naive_verdict(rows, deviations)) + ".</p>\n";
    return html;
}

/// The range of all points of a chart.
Axis axis_of(const Chart& chart) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const ChartSeries& series : chart.series) {
        for (const Point& point : series.points) {
            low = std::min(low, point.y);
            high = std::max(high, point.y);
        }
    }
    return rounded_axis(low, high, ticks);
}

std::string rows_chart(const std::vector<ForecastRow>& rows) {
    Chart chart;
    chart.title = "Error by row of the forecast";
    chart.unit = "mean squared error of scaled values";
    chart.steps_label = "rows ahead";
    chart.pointer_label = "rows ahead:";
    const ForecastRow* best = &rows[1];
    const auto sum = [](const ForecastRow& row) {
        double all = 0.0;
        for (const double error : row.errors.mse_by_row()) all += error;
        return all;
    };
    for (const ForecastRow& row : rows) {
        if (&row != &rows.front() && sum(row) < sum(*best)) best = &row;
    }
    for (const auto& [row, colour] : {std::pair{best, "validation"}, std::pair{&rows.front(), "training"}}) {
        ChartSeries series = {row->name, colour, Stroke::solid, {}};
        double ahead = 0.0;
        for (const double error : row->errors.mse_by_row()) series.points.push_back({++ahead, error});
        if (series.points.size() == 1) series.stroke = Stroke::marked;
        chart.series.push_back(std::move(series));
    }
    chart.steps =
        whole_number_axis(1.0, std::max(2.0, static_cast<double>(rows.front().errors.mse_by_row().size())), ticks);
    chart.values = axis_of(chart);
    chart.values.low = std::min(0.0, chart.values.low);
    chart.values = rounded_axis(chart.values.low, chart.values.high, ticks);
    return "<div class=\"charts\">\n" + chart_html(chart) + "</div>\n</section>\n";
}

/// The forecast of a target that begins at row `first`: what the model read (of that as many rows as are forecast
/// twice), what came, and what it said.
std::string forecast_chart(ForecastTask& task, const ForecastFacts& facts, const TimeSeries& series, int64_t first,
                           int64_t target) {
    const WindowShape& shape = facts.shape;
    const int64_t column = shape.targets[static_cast<size_t>(target)];
    const int64_t shown = std::min(shape.window, std::max<int64_t>(2 * shape.horizon, 24));
    ChartSeries history = {"history", "training", Stroke::solid, {}},
                truth = {"truth", "validation", Stroke::solid, {}};
    ChartSeries model = {"forecast", "test", Stroke::solid, {}};
    for (int64_t row = first - shown; row < first; ++row) {
        history.points.push_back({static_cast<double>(row - first + 1), series.value(row, column)});
    }
    // The lines begin at the last row that is known, so that they hang together.
    truth.points.push_back(history.points.back());
    model.points.push_back(history.points.back());
    const std::vector<double> values = task.forecasts(std::span(&first, 1));
    for (int64_t ahead = 0; ahead < shape.horizon; ++ahead) {
        const auto place = static_cast<size_t>(ahead * shape.target_count() + target);
        const double x = static_cast<double>(ahead + 1);
        truth.points.push_back({x, series.value(first + ahead, column)});
        model.points.push_back({x, facts.scale.unscaled(values[place], column)});
    }
    Chart chart;
    chart.title = facts.target(target);
    chart.unit = "from " + series.time_text(series.times[static_cast<size_t>(first)]);
    chart.steps_label = "rows ahead";
    chart.pointer_label = "rows ahead:";
    chart.steps = whole_number_axis(static_cast<double>(1 - shown), static_cast<double>(shape.horizon), ticks);
    chart.series = {std::move(history), std::move(truth), std::move(model)};
    chart.values = axis_of(chart);
    return chart_html(chart);
}

std::string forecasts_section(ForecastTask& task, const ForecastFacts& facts, const TimeSeries& series) {
    constexpr int64_t most_charts = 6;
    const std::vector<int64_t>& begins = task.data().test;
    const int64_t targets = std::min(facts.shape.target_count(), most_charts);
    const int64_t windows = std::min(std::ssize(begins) * int64_t{1}, std::max<int64_t>(1, most_charts / targets));
    std::string html = fmt::format(
        "<section id=\"forecasts\">\n<h2>Forecasts</h2>\n<p>{} of {} windows of the test part, spread evenly, in the "
        "units "
        "of the data{}.</p>\n<div class=\"charts\">\n",
        windows, group_digits(std::ssize(begins)),
        targets < facts.shape.target_count() ? fmt::format("; {} of {} columns", targets, facts.shape.target_count())
                                             : "");
    for (int64_t i = 0; i < windows; ++i) {
        const int64_t first = begins[static_cast<size_t>((2 * i + 1) * std::ssize(begins) / (2 * windows))];
        for (int64_t target = 0; target < targets; ++target) {
            html += forecast_chart(task, facts, series, first, target);
        }
    }
    return html + "</div>\n</section>\n";
}

}  // namespace

void add_forecast_sections(ReportInput& input, ForecastTask& task, const ForecastFacts& facts, const TimeSeries& series,
                           const Evaluation& test) {
    const ForecastScores scores = task.rows().front().errors.scores(task.data().deviations);
    input.result = {fmt::format("{:.4f}", test.loss),
                    fmt::format("mean squared error on {} test windows, MAE {:.4f}; {}", group_digits(test.count),
                                scores.mae, naive_verdict(task.rows(), task.data().deviations))};
    input.sections.push_back(errors_section(task.rows(), task.data().deviations) + rows_chart(task.rows()));
    input.sections.push_back(forecasts_section(task, facts, series));
}

}  // namespace heed
