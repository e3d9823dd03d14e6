#include "heed/trainers/report/charts/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "heed/trainers/report/charts/chart.h"
#include "heed/trainers/report/memory.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr int value_ticks = 5, step_ticks = 6;

/// The points of a series, whose values are multiplied by `factor`.
std::vector<Point> points_of(const ThinnedSeries& series, double factor = 1.0) {
    std::vector<Point> points = series.points();
    for (Point& point : points) point.y *= factor;
    return points;
}

/// The measured line in pale, and over it what remains of it without the noise.
void add_noisy(Chart& chart, const std::string& name, const ThinnedSeries& series, double factor = 1.0) {
    std::vector<Point> points = points_of(series, factor);
    std::vector<Point> smoothed = smooth(points, static_cast<int64_t>(points.size()) / 60);
    const int64_t steps = series.values_a_point();
    const std::string exact = steps > 1 ? fmt::format("{} (mean of {} steps)", name, steps) : name + " (each step)";
    chart.series.push_back({exact, "training", Stroke::faint, std::move(points)});
    chart.series.push_back({name, "training", Stroke::solid, std::move(smoothed)});
}

void add_validation(Chart& chart, const ThinnedSeries& series, double factor = 1.0) {
    if (series.empty()) return;
    chart.series.push_back({"validation", "validation", Stroke::marked, points_of(series, factor)});
}

void add_test(Chart& chart, const std::optional<Point>& test, double factor = 1.0) {
    if (!test) return;
    ThinnedSeries series;  // leaves out what cannot be drawn
    series.add(test->x, test->y);
    chart.series.push_back({"test", "test", Stroke::diamond, points_of(series, factor)});
}

std::vector<double> all_values(const Chart& chart) {
    std::vector<double> values;
    for (const ChartSeries& series : chart.series) {
        const std::vector<double> own = sorted_values(series.points);
        values.insert(values.end(), own.begin(), own.end());
    }
    std::sort(values.begin(), values.end());
    return values;
}

double quantile(const std::vector<double>& sorted, double share) {
    return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

/// From zero; on a logarithmic axis when most of a linear one would be empty.
Axis axis_of_magnitudes(const std::vector<double>& sorted) {
    if (sorted.empty()) return rounded_axis(0.0, 1.0, value_ticks);
    const double low = sorted.front(), high = sorted.back();
    if (low > 0.0 && high > 5.0 * quantile(sorted, 0.5)) return logarithmic_axis(low, high);
    return rounded_axis(std::min(0.0, low), high, value_ticks);
}

/// Of accuracies in percent: the beginning, where little has been learnt, may lie below it.
Axis axis_of_accuracies(const Chart& chart) {
    double low = 100.0;
    for (const ChartSeries& series : chart.series) {
        if (series.stroke == Stroke::faint) continue;
        const std::vector<double> values = sorted_values(series.points);
        if (!values.empty()) low = std::min(low, quantile(values, series.stroke == Stroke::solid ? 0.05 : 0.0));
    }
    const std::vector<double> values = all_values(chart);
    const double high = values.empty() ? 100.0 : values.back();
    low = std::min(low, high - 5.0);
    return rounded_axis(std::max(0.0, low - 0.05 * (high - low)), std::min(100.0, high), value_ticks);
}

class Curves {
public:
    Curves(const History& history, std::string unit) : history_(history), unit_(std::move(unit)) {}

    std::string learning() {
        loss();
        accuracy();
        lr();
        gradient_norm();
        watched("Weight updates", "size of a step's change over that of the weights", history_.update_ratio);
        watched("Attention entropy", "nats, mean over layers, heads and queries", history_.attention_entropy);
        watched("Covered mass", "share of dense attention on the pairs computed, mean over layers",
                history_.covered_mass, " %");
        return grid();
    }

    std::string resources() {
        rate();
        wait();
        return grid();
    }

private:
    Chart chart(std::string title, std::string unit, std::string suffix = "") const {
        Chart result;
        result.title = std::move(title);
        result.unit = std::move(unit);
        result.suffix = std::move(suffix);
        result.steps = whole_number_axis(0.0, static_cast<double>(history_.last_step), step_ticks);
        result.resumes = history_.resumes;
        if (history_.epochs.epoch_steps() > 0) {
            result.steps_label =
                fmt::format("optimizer step (an epoch has {})", group_digits(history_.epochs.epoch_steps()));
        }
        return result;
    }

    std::string grid() { return html_.empty() ? "" : "<div class=\"charts\">\n" + html_ + "</div>\n"; }

    void finish(Chart& chart, const Axis& values) {
        chart.values = values;
        if (values.logarithmic) chart.unit += ", logarithmic";
        html_ += chart_html(chart);
    }

    void loss() {
        if (history_.loss.empty()) return;
        Chart result =
            chart("Loss", (history_.accuracy.empty() ? "mean over the " : "mean cross-entropy over the ") + unit_);
        add_noisy(result, "training", history_.loss);
        add_test(result, history_.test_loss);  // below a validation at the same place, which is smaller
        add_validation(result, history_.validation_loss);
        finish(result, axis_of_magnitudes(all_values(result)));
    }

    void accuracy() {
        if (history_.accuracy.empty()) return;
        Chart result = chart("Accuracy", "share of " + unit_ + " predicted correctly", " %");
        add_noisy(result, "training", history_.accuracy, 100.0);
        add_test(result, history_.test_accuracy, 100.0);
        add_validation(result, history_.validation_accuracy, 100.0);
        finish(result, axis_of_accuracies(result));
    }

    void lr() {
        if (history_.lr.empty()) return;
        Chart result = chart("Learning rate", "of each step");
        result.series.push_back({"learning rate", "training", Stroke::solid, points_of(history_.lr)});
        const std::vector<double> values = all_values(result);
        finish(result, rounded_axis(0.0, values.empty() ? 1.0 : values.back(), value_ticks));
    }

    void gradient_norm() {
        if (history_.gradient_norm.empty()) return;
        Chart result = chart("Gradient norm", "over all parameters, before clipping");
        add_noisy(result, "gradient norm", history_.gradient_norm);
        finish(result, axis_of_magnitudes(all_values(result)));
    }

    /// What train.watch_every measured.
    void watched(const std::string& title, const std::string& unit, const ThinnedSeries& series,
                 const std::string& suffix = "") {
        if (series.empty()) return;
        Chart result = chart(title, unit, suffix);
        result.series.push_back(
            {"training", "training", Stroke::solid, points_of(series, suffix.empty() ? 1.0 : 100.0)});
        finish(result, axis_of_magnitudes(all_values(result)));
    }

    void rate() {
        if (history_.rate.empty()) return;
        Chart result = chart("Throughput", unit_ + " a second in training steps");
        add_noisy(result, unit_ + " a second", history_.rate);
        const std::vector<double> values = all_values(result);
        finish(result, rounded_axis(0.0, values.empty() ? 1.0 : values.back(), value_ticks));
    }

    void wait() {
        if (history_.wait.empty()) return;
        Chart result = chart("Waiting for data", "share of the step's time", " %");
        add_noisy(result, "waiting", history_.wait, 100.0);
        const std::vector<double> values = all_values(result);
        finish(result, rounded_axis(0.0, std::max(5.0, values.empty() ? 0.0 : values.back()), value_ticks));
    }

    const History& history_;
    std::string unit_;  // of the samples
    std::string html_;
};

std::string loss_text(std::optional<double> loss) {
    if (!loss) return "";
    return std::isfinite(*loss) ? fmt::format("{:.4f}", *loss) : "not a number";
}

std::string epochs_html(const History& history, const std::string& unit) {
    const bool validated = !history.validation_loss.empty(), has_accuracy = !history.accuracy.empty();
    const char* accuracy = has_accuracy ? "<th scope=\"col\">accuracy</th>" : "";
    std::string html =
        "<details><summary>Epochs as a table</summary>\n<div class=\"scroll\"><table class=\"epochs\">\n"
        "<thead><tr><th scope=\"col\">epoch</th><th scope=\"col\">last step</th><th scope=\"col\">training loss</th>";
    html += accuracy;
    if (validated) html += std::string("<th scope=\"col\">validation loss</th>") + accuracy;
    html += "<th scope=\"col\">" + unit + "/s</th><th scope=\"col\">waiting</th></tr></thead>\n<tbody>\n";
    for (const EpochSummary& epoch : history.epochs.rows()) {
        fmt::format_to(std::back_inserter(html), "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>", epoch.epoch,
                       group_digits(epoch.last_step), loss_text(epoch.loss));
        const auto add_cell = [&](const std::string& text) { html += "<td>" + text + "</td>"; };
        if (has_accuracy) add_cell(percent_text(epoch.correct, 2));
        if (validated) add_cell(loss_text(epoch.validation_loss));
        if (validated && has_accuracy) {
            add_cell(epoch.validation_accuracy ? percent_text(*epoch.validation_accuracy, 2) : "");
        }
        const bool timed = epoch.seconds > 0.0;
        fmt::format_to(std::back_inserter(html), "<td>{}</td><td>{}</td></tr>\n",
                       timed ? group_digits(std::llround(static_cast<double>(epoch.samples) / epoch.seconds)) : "",
                       timed ? percent_text(epoch.data_wait / epoch.seconds, 2) : "");
    }
    html += "</tbody>\n</table></div>\n</details>\n";
    return html;
}

}  // namespace

std::string curves_html(const History& history, const std::string& unit) {
    std::string html = "<section id=\"curves\">\n<h2>Curves</h2>\n";
    if (history.loss.empty()) {
        html += "<p>No steps are recorded.</p>\n";
    } else {
        html += Curves(history, unit).learning();
        if (history.not_finite > 0) {
            fmt::format_to(
                std::back_inserter(html),
                "<p class=\"note\">{} of the steps had a loss that is not a number; the curves have gaps there.</p>\n",
                history.not_finite);
        }
        html += epochs_html(history, unit);
    }
    html += "</section>\n";
    return html;
}

std::string resources_html(const History& history, const std::string& unit) {
    const std::string body =
        Curves(history, unit).resources() + (history.memory ? memory_html(*history.memory) : std::string());
    if (body.empty()) return "";
    return "<section id=\"resources\">\n<h2>Speed and memory</h2>\n" + body + "</section>\n";
}

}  // namespace heed
