#include "heed/apps/trained/sweep/sweep_output.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/evaluation_output.h"
#include "heed/trainers/comparison/report/comparison_text.h"
#include "heed/trainers/report/charts/chart.h"
#include "heed/trainers/report/page.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

/// The metrics that a table shows: accuracy, loss and those of the kind, without what no model has a part in.
std::vector<std::pair<std::string, std::string>> metrics_of(const Evaluation& result) {
    std::vector<std::pair<std::string, std::string>> metrics;
    if (result.has_accuracy) metrics.emplace_back("accuracy", percent_text(result.accuracy, 2));
    metrics.emplace_back("loss", fmt::format("{:.4f}", result.loss));
    for (const auto& [name, value] : result.more) {
        if (!name.starts_with("naive_")) metrics.emplace_back(name, fmt::format("{:.4f}", value));
    }
    metrics.emplace_back("seconds", fmt::format("{:.2f}", result.seconds));
    return metrics;
}

/// Headings and rows as texts.
TextTable texts_of(const SweepTable& table) {
    TextTable lines = {table.headings};
    for (const auto& [name, text] : metrics_of(table.rows.front().result)) lines.front().push_back(name);
    for (const SweepRow& row : table.rows) {
        lines.push_back(row.cells);
        for (const auto& [name, text] : metrics_of(row.result)) lines.back().push_back(text);
    }
    return lines;
}

template <class Value>
std::string sweep_chart(const SweepTable& table, const std::string& title, const std::string& suffix,
                        const Value& value) {
    ChartSeries series = {"", "validation", Stroke::marked, {}};
    std::vector<double> places;
    double low = value(table.rows.front()), high = low;
    for (const SweepRow& row : table.rows) {
        series.points.push_back({row.value, value(row)});
        places.push_back(row.value);
        low = std::min(low, value(row));
        high = std::max(high, value(row));
    }
    std::sort(series.points.begin(), series.points.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
    Chart chart;
    chart.title = title;
    chart.suffix = suffix;
    chart.steps = logarithmic_axis_at(places);
    chart.values = rounded_axis(low, high, 5);
    chart.series = {series};
    chart.steps_label = table.axis;
    chart.pointer_label = table.axis + ":";
    return chart_html(chart);
}

std::string charts_html(const SweepTable& table) {
    if (table.axis.empty()) return {};
    std::string html = "<div class=\"charts\">\n";
    if (table.rows.front().result.has_accuracy) {
        html += sweep_chart(table, "Accuracy", " %", [](const SweepRow& row) { return 100 * row.result.accuracy; });
    }
    html += sweep_chart(table, "Loss", "", [](const SweepRow& row) { return row.result.loss; });
    html += sweep_chart(table, "Seconds", " s", [](const SweepRow& row) { return row.result.seconds; });
    return html + "</div>\n";
}

}  // namespace

void print_sweep(const SweepTable& table) {
    fmt::print("{}\n{}", table.text, aligned(texts_of(table)));
}

void print_sweep_json(const SweepTable& table, const std::string& split) {
    for (const SweepRow& row : table.rows) {
        nlohmann::ordered_json json = row.facts;
        json["split"] = split;
        add_metrics(json, row.result);
        print_json_line(json);
    }
}

std::string sweep_page(const SweepTable& table) {
    std::string body = fmt::format("<header>\n<h1>{}</h1>\n<p>{}</p>\n</header>\n<section>\n", escape_html(table.title),
                                   escape_html(table.text));
    body += charts_html(table);
    body += "<div class=\"scroll\"><table class=\"pairs\">\n";
    const char* cell = "th";
    for (const std::vector<std::string>& line : texts_of(table)) {
        body += "<tr>";
        for (const std::string& text : line) body += fmt::format("<{0}>{1}</{0}>", cell, escape_html(text));
        body += "</tr>\n";
        cell = "td";
    }
    body += fmt::format("</table></div>\n</section>\n<footer>Written by Heed.</footer>\n<script>{}</script>\n",
                        page_script());
    return html_page(table.title, body);
}

}  // namespace heed
