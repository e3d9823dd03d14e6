#include "heed/trainers/report/swap.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/trainers/loop/evaluation.h"
#include "heed/trainers/report/charts/chart.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

/// What the chart is drawn of: accuracy, where models are compared by it, else the loss.
std::string swap_chart(const History& history) {
    const SwapHistory& swap = *history.swap;
    const bool by_accuracy = swap.compared_by == "accuracy";
    const double factor = by_accuracy ? 100.0 : 1.0;
    const auto value = [&](const SwapHistory::Quality& quality) {
        return factor * (by_accuracy ? quality.accuracy : quality.loss);
    };
    ChartSeries since = {"since the swap", "validation", Stroke::marked, {{0.0, value(*swap.after)}}};
    for (const Point& point : (by_accuracy ? history.validation_accuracy : history.validation_loss).points()) {
        since.points.push_back({point.x, factor * point.y});
    }
    const double last = std::max(1.0, since.points.back().x), before = value(*swap.before);
    double low = before, high = before;
    for (const Point& point : since.points) {
        low = std::min(low, point.y);
        high = std::max(high, point.y);
    }
    Chart chart;
    chart.title = by_accuracy ? "Validation accuracy" : "Validation loss";
    chart.suffix = by_accuracy ? " %" : "";
    chart.steps = rounded_axis(0.0, last, 5);
    chart.values = rounded_axis(low, high, 5);
    chart.series = {{"before the swap", "training", Stroke::solid, {{0.0, before}, {last, before}}}, since};
    return chart_html(chart);
}

/// No line break between a number and its "%".
std::string without_breaks(std::string html) {
    for (size_t at = 0; (at = html.find(" %", at)) != std::string::npos;) html.replace(at, 1, "&nbsp;");
    return html;
}

std::string cell(const std::optional<double>& share) {
    return share ? without_breaks(percent_text(*share, 1)) : "–";
}

/// A dotted name that may be broken behind its dots, so that a narrow screen shows the columns beside it.
std::string with_breaks(std::string name) {
    for (size_t at = 0; (at = name.find('.', at)) != std::string::npos; ++at) name.insert(at + 1, "<wbr>");
    return name;
}

/// Whether not all weights stayed as they were.
bool is_fitted(const SwapHistory& swap) {
    return std::any_of(swap.layers.begin(), swap.layers.end(),
                       [](const SwapHistory::Layer& layer) { return !layer.same_weights; });
}

std::string layers_html(const SwapHistory& swap) {
    const bool aligned = swap.align > 0;
    std::string html =
        "<div class=\"scroll\"><table class=\"pairs\">\n<tr><th>layer</th><th>type</th><th>keys kept</th><th>outputs "
        "kept</th>";
    if (aligned) html += "<th>stream kept</th><th>aligned</th>";
    html += "</tr>\n";
    for (const SwapHistory::Layer& layer : swap.layers) {
        html += fmt::format("<tr><td>{}</td><td>{} → {}{}</td><td>{}</td><td>{}</td>",
                            with_breaks(escape_html(layer.name)), escape_html(layer.from), escape_html(layer.to),
                            layer.same_weights ? ", same weights" : "", cell(layer.keys_r2), cell(layer.outputs_r2));
        if (aligned) html += "<td>" + cell(layer.stream_r2) + "</td><td>" + cell(layer.aligned_r2) + "</td>";
        html += "</tr>\n";
    }
    return html + "</table></div>\n";
}

}  // namespace

std::string swap_line(const History& history) {
    const SwapHistory& swap = *history.swap;
    if (!swap.before || !swap.after) return "";
    const auto text = [&](double score) { return score_text(swap.compared_by, score); };
    std::string line = fmt::format("validation {}: {} before the swap, {} right after it", swap.compared_by,
                                   text(swap.before->score), text(swap.after->score));
    if (history.best) line += fmt::format(", {} at the best since", text(history.best->score));
    return line;
}

std::string swap_html(const History& history) {
    const SwapHistory& swap = *history.swap;
    std::string html = fmt::format(
        "<section id=\"swap\">\n<h2>Attention swap</h2>\n<p>{} was replaced by {}{}{}.", escape_html(swap.from),
        escape_html(swap.to),
        swap.samples > 0 && is_fitted(swap) ? fmt::format(", fitted on {} training samples", group_digits(swap.samples))
                                            : "",
        swap.align > 0 ? fmt::format(" and aligned for {} steps", group_digits(swap.align)) : "");
    const std::string line = swap_line(history);
    if (!line.empty()) html += " " + without_breaks(escape_html("V" + line.substr(1))) + ".";
    html += "</p>\n";
    if (!line.empty()) html += "<div class=\"charts\">\n" + swap_chart(history) + "</div>\n";
    if (!swap.layers.empty()) {
        html += layers_html(swap);
        html += "<p class=\"note\">Kept is the share of the variance (R²) of what the old layer gives.</p>\n";
    }
    return html + "</section>\n";
}

}  // namespace heed
