#include "heed/trainers/comparison/report/comparison_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "heed/trainers/report/charts/chart.h"

namespace heed {

namespace {

constexpr int chart_ticks = 5;
constexpr size_t colour_count = 8;

std::string colour_of(size_t contender) {
    return fmt::format("c{}", contender % colour_count);
}

/// The mean of curves with the same steps, as far as all of them go.
std::vector<Point> mean_curve(const std::vector<std::vector<Point>>& curves) {
    std::vector<Point> mean;
    if (curves.empty()) return mean;
    size_t points = curves.front().size();
    for (const auto& curve : curves) points = std::min(points, curve.size());
    for (size_t i = 0; i < points; ++i) {
        Point point = {0.0, 0.0};
        for (const auto& curve : curves) {
            point.x += curve[i].x;
            point.y += curve[i].y;
        }
        const auto count = static_cast<double>(curves.size());
        mean.push_back({point.x / count, point.y / count});
    }
    return mean;
}

/// The chart of one curve of each run's history.
std::string curves_chart(const Comparison& comparison, const std::string& title, const std::string& suffix,
                         double factor, bool smoothed, ThinnedSeries History::*series) {
    Chart chart;
    chart.title = title;
    chart.suffix = suffix;
    double steps = 0.0;
    std::vector<double> values;
    std::vector<ChartSeries> means;
    for (size_t i = 0; i < comparison.contenders.size(); ++i) {
        const Contender& contender = comparison.contenders[i];
        std::vector<std::vector<Point>> curves;
        for (const RunResult& run : contender.runs) {
            std::vector<Point> points = (run.history.*series).points();
            if (points.empty()) continue;
            for (Point& point : points) point.y *= factor;
            if (smoothed) points = smooth(points, std::ssize(points) / 30);
            steps = std::max(steps, points.back().x);
            const std::vector<double> own = sorted_values(points);
            values.insert(values.end(), own.begin(), own.end());
            chart.series.push_back(
                {fmt::format("{}, seed {}", contender.name, run.seed), colour_of(i), Stroke::faint, points});
            curves.push_back(std::move(points));
        }
        std::vector<Point> mean = mean_curve(curves);
        if (!mean.empty()) means.push_back({contender.name, colour_of(i), Stroke::solid, std::move(mean)});
    }
    if (values.empty()) return "";
    for (ChartSeries& mean : means) chart.series.push_back(std::move(mean));
    std::sort(values.begin(), values.end());
    // The first steps, where little has been learnt, would leave no room for the rest.
    const double low = values[values.size() / 20], high = values[values.size() - 1 - values.size() / 20];
    chart.steps = whole_number_axis(0.0, steps, 6);
    chart.values = rounded_axis(low, high, chart_ticks);
    return chart_html(chart);
}

/// Times are shown in the unit in which they are numbers of one to three digits.
std::pair<double, const char*> unit_of(const CostMeasure& measure, double largest) {
    const std::string name = measure.name;
    if (name.ends_with("_bytes")) return {1e-6, ", MB"};
    if (!name.ends_with("_seconds")) return {1.0, ""};
    if (largest < 1e-3) return {1e6, ", us"};
    if (largest < 1.0) return {1e3, ", ms"};
    return {1.0, ", s"};
}

std::string scatter_chart(const Comparison& comparison, const CostMeasure& measure) {
    double most = 0.0, low = INFINITY, high = -INFINITY;
    for (const Contender& contender : comparison.contenders) {
        const std::optional<double> cost = contender.cost(measure);
        if (!cost || contender.quality.count == 0) continue;
        const double spread = contender.quality.count > 1 ? contender.quality.deviation : 0.0;
        most = std::max(most, *cost);
        low = std::min(low, contender.quality.mean - spread);
        high = std::max(high, contender.quality.mean + spread);
    }
    if (!(most > 0.0) || !std::isfinite(low) || !std::isfinite(high)) return "";
    if (comparison.metric.factor == 100.0) high = std::min(high, 100.0);  // a deviation may reach beyond
    const auto [factor, unit] = unit_of(measure, most);
    Chart chart;
    chart.title = fmt::format("{} against {}", comparison.metric.name, measure.label);
    chart.suffix = comparison.metric.suffix;
    chart.steps_label = std::string(measure.label) + unit;
    chart.pointer_label = measure.label;
    chart.steps = rounded_axis(0.0, factor * most, chart_ticks);
    chart.values = rounded_axis(low, high, chart_ticks);
    ChartSeries front = {"Pareto front", "front", Stroke::solid, {}};
    for (const size_t index : pareto_front(comparison, measure)) {
        const Contender& contender = comparison.contenders[index];
        front.points.push_back({factor * *contender.cost(measure), contender.quality.mean});
    }
    chart.series.push_back(std::move(front));
    for (size_t i = 0; i < comparison.contenders.size(); ++i) {
        const Contender& contender = comparison.contenders[i];
        const std::optional<double> cost = contender.cost(measure);
        if (!cost || contender.quality.count == 0) continue;
        const double x = factor * *cost, mean = contender.quality.mean;
        if (contender.quality.count > 1) {
            const double spread = contender.quality.deviation;
            chart.series.push_back({contender.name + " ± deviation",
                                    colour_of(i),
                                    Stroke::faint,
                                    {{x, mean - spread}, {x, mean + spread}}});
        }
        chart.series.push_back({contender.name, colour_of(i), Stroke::diamond, {{x, mean}}});
    }
    return chart_html(chart);
}

}  // namespace

std::string comparison_curves(const Comparison& comparison) {
    std::string html =
        curves_chart(comparison, "Validation accuracy", " %", 100.0, false, &History::validation_accuracy);
    html += curves_chart(comparison, "Validation loss", "", 1.0, false, &History::validation_loss);
    html += curves_chart(comparison, "Training loss", "", 1.0, true, &History::loss);
    return html;
}

std::string comparison_scatter(const Comparison& comparison) {
    std::string html;
    for (const CostMeasure& measure : cost_measures()) {
        if (std::string_view(measure.name) == "training_seconds" && comparison.jobs > 1) continue;
        html += scatter_chart(comparison, measure);
    }
    return html;
}

std::string_view comparison_colours() {
    return R"css(
:root { --c0: #1f5fa8; --c1: #d1690a; --c2: #0a7f62; --c3: #a8327e; --c4: #6f6200; --c5: #b3261e; --c6: #007a99;
  --c7: #555555; }
@media (prefers-color-scheme: dark) { :root { --c0: #6cb2f5; --c1: #ffab5c; --c2: #4fd6ae; --c3: #f08ccb; --c4: #d8c64a;
  --c5: #ff8a80; --c6: #5fd0e8; --c7: #b0b0b0; } }
g.c0 { stroke: var(--c0); fill: var(--c0); } .key.c0 { color: var(--c0); }
g.c1 { stroke: var(--c1); fill: var(--c1); } .key.c1 { color: var(--c1); }
g.c2 { stroke: var(--c2); fill: var(--c2); } .key.c2 { color: var(--c2); }
g.c3 { stroke: var(--c3); fill: var(--c3); } .key.c3 { color: var(--c3); }
g.c4 { stroke: var(--c4); fill: var(--c4); } .key.c4 { color: var(--c4); }
g.c5 { stroke: var(--c5); fill: var(--c5); } .key.c5 { color: var(--c5); }
g.c6 { stroke: var(--c6); fill: var(--c6); } .key.c6 { color: var(--c6); }
g.c7 { stroke: var(--c7); fill: var(--c7); } .key.c7 { color: var(--c7); }
g.front { stroke: var(--muted); fill: var(--muted); } .key.front { color: var(--muted); }
g.front polyline { stroke-dasharray: 5 4; }
g.faint polyline { opacity: 0.7; }
)css";
}

}  // namespace heed
