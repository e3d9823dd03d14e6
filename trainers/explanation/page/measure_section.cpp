#include "heed/trainers/explanation/page/measure_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "heed/trainers/comparison/report/comparison_charts.h"
#include "heed/trainers/explanation/explanation_text.h"
#include "heed/trainers/explanation/relevance_measure.h"
#include "heed/trainers/report/charts/chart.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

using Curve = std::array<ComparedMean, removal_shares.size()>;

std::string curve_chart(const char* title, const char* unit, const std::vector<MeasureResult>& results,
                        Curve MeasureResult::*curve) {
    constexpr size_t colours = 8;
    Chart chart;
    chart.title = title;
    chart.unit = unit;
    double low = 0.0, high = 0.0;
    for (size_t i = 0; i < results.size(); ++i) {
        ChartSeries series = {results[i].measure, fmt::format("c{}", i % colours), Stroke::marked, {}};
        std::vector<Point> back;
        for (size_t share = 0; share < removal_shares.size(); ++share) {
            const MeanOverInputs& mean = (results[i].*curve)[share].own;
            const double x = 100.0 * removal_shares[share];
            const Interval interval = mean.interval.value_or(Interval{mean.mean, mean.mean});
            series.points.push_back({x, mean.mean});
            series.band.push_back({x, interval.low});
            back.push_back({x, interval.high});
            low = std::min(low, mean.mean);
            high = std::max(high, mean.mean);
        }
        series.band.insert(series.band.end(), back.rbegin(), back.rend());
        chart.series.push_back(std::move(series));
    }
    chart.steps = logarithmic_axis(100.0 * removal_shares.front(), 100.0 * removal_shares.back());
    chart.steps_label = "share of the tokens, %";
    chart.pointer_label = "share, %:";
    chart.values = rounded_axis(low, high, 5);
    return chart_html(chart);
}

std::string mean_cell(const ComparedMean& mean, int decimals) {
    std::string html = "<td>" + mean_text(mean.own, decimals);
    if (mean.above_raw) {
        const MeanOverInputs& above = *mean.above_raw;
        const bool apart = above.interval && (above.interval->low > 0.0 || above.interval->high < 0.0);
        html += fmt::format("<span class=\"above{}\">{}{}</span>", apart ? " apart" : "", above.mean >= 0 ? "+" : "",
                            mean_text(above, decimals));
    }
    return html + "</td>";
}

}  // namespace

std::string measure_section(Removal removal, int64_t inputs, const std::vector<MeasureResult>& results) {
    std::string html = fmt::format(
        "<section id=\"curves-{}\">\n<h2>Which order finds what the model needs: {}</h2>\n<p>Over {} inputs, with "
        "intervals of 95 %. <em>Comprehensiveness</em> is how far the probability falls without the most relevant "
        "tokens (more is better), <em>sufficiency</em> how far with them alone (less is better); in the table, their "
        "means over the shares. Below each number stands the difference to raw attention, input by input; it is bold "
        "where its interval leaves out 0.</p>\n<div class=\"charts\">\n",
        removal_id(removal), removal_text(removal), group_digits(inputs));
    html += curve_chart("Comprehensiveness", "fall of the probability without them", results,
                        &MeasureResult::comprehensiveness);
    html += curve_chart("Sufficiency", "fall of the probability with them alone", results, &MeasureResult::sufficiency);
    html +=
        "</div>\n<div class=\"scroll\"><table class=\"measures\">\n<thead><tr><th>order</th><th>comprehensiveness</th>"
        "<th>sufficiency</th><th>necessary tokens</th><th>sufficient tokens</th>"
        "</tr></thead>\n<tbody>\n";
    for (const MeasureResult& result : results) {
        html += "<tr><th scope=\"row\">" + escape_html(result.measure) + "</th>";
        html += mean_cell(result.comprehensiveness_area, 3) + mean_cell(result.sufficiency_area, 3) +
                mean_cell(result.necessary, 1) + mean_cell(result.sufficient, 1) + "</tr>\n";
    }
    return html + "</tbody>\n</table></div>\n</section>\n";
}

std::string_view measure_style() {
    static const std::string style = std::string(comparison_colours()) + R"css(
.measures th, .measures td { padding: 0.25rem 0.9rem 0.25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
.measures .above { display: block; font-size: 0.8rem; color: var(--muted); } .measures .apart { font-weight: 600; color: var(--ink); }
)css";
    return style;
}

}  // namespace heed
