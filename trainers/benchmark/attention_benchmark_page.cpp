#include "heed/trainers/benchmark/attention_benchmark_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "heed/trainers/benchmark/attention_benchmark_text.h"
#include "heed/trainers/benchmark/pattern_key.h"
#include "heed/trainers/comparison/report/comparison_charts.h"
#include "heed/trainers/report/charts/chart.h"
#include "heed/trainers/report/page.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr size_t colours = 8;

// There are more types than colours that can be told apart: the second eight have broken lines.
constexpr const char* benchmark_style = R"css(
g.broken polyline { stroke-dasharray: 7 4; }
.key.broken::before { background: linear-gradient(90deg, currentColor 40%, transparent 40% 60%, currentColor 60%); }
.costs th, .costs td { padding: 0.25rem 0.7rem; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
.costs th:first-child, .costs td:first-child { padding-left: 0; text-align: left; }
.costs.lengths td:nth-child(2), .costs.lengths th:nth-child(2), .costs.lengths td:last-child,
.costs.lengths th:last-child { text-align: left; }
)css";

class AttentionBenchmarkPage {
public:
    explicit AttentionBenchmarkPage(const AttentionBenchmark& benchmark) : benchmark_(benchmark) {}

    std::string html() {
        add("<header>\n<h1>Time and memory of attention</h1>\n<dl class=\"facts\">\n");
        for (const auto& [name, value] : benchmark_.facts) {
            add("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_html(name), escape_html(value));
        }
        add("</dl>\n</header>\n");
        for (const AttentionPattern pattern : benchmark_.plan.patterns) section(pattern);
        add("<section id=\"method\">\n<h2>How it was measured</h2>\n");
        for (const std::string& note : benchmark_notes(benchmark_)) add("<p>{}</p>\n", escape_html(note));
        add("</section>\n<footer>Written by Heed.</footer>\n<script>{}</script>\n", page_script());
        return html_page("Time and memory of attention", html_, benchmark_style + std::string(comparison_colours()));
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    void section(AttentionPattern pattern) {
        add("<section id=\"{}\">\n<h2>{}</h2>\n<div class=\"charts\">\n", pattern_key(pattern),
            attention_pattern_name(pattern));
        for (const AttentionCost cost : attention_costs) chart(pattern, cost);
        add("</div>\n");
        table("Time: forward / forward and backward", time_table(benchmark_, pattern), "costs");
        table("Memory: forward / forward and backward", memory_table(benchmark_, pattern), "costs");
        table("Efficiency length against sdpa", efficiency_table(benchmark_, pattern), "costs lengths");
        const std::vector<std::string> reasons = empty_cells(benchmark_, pattern);
        if (!reasons.empty()) {
            add("<h3>No times</h3>\n<ul class=\"note\">\n");
            for (const std::string& reason : reasons) add("<li>{}</li>\n", escape_html(reason));
            add("</ul>\n");
        }
        add("</section>\n");
    }

    void chart(AttentionPattern pattern, AttentionCost cost) {
        const bool time = cost == AttentionCost::forward_time || cost == AttentionCost::total_time;
        Chart chart;
        double low = INFINITY, high = 0.0;
        for (size_t type = 0; type < benchmark_.plan.types.size(); ++type) {
            ChartSeries series = {benchmark_.name_of(type),
                                  fmt::format("c{}{}", type % colours, type < colours ? "" : " broken"),
                                  Stroke::marked,
                                  {}};
            for (const int64_t length : benchmark_.plan.lengths) {
                const std::optional<double> value = cost_of(benchmark_.cell(pattern, length, type), cost);
                if (!value || !(*value > 0.0)) continue;
                series.points.push_back({static_cast<double>(length), *value});
                low = std::min(low, *value);
                high = std::max(high, *value);
            }
            if (!series.points.empty()) chart.series.push_back(std::move(series));
        }
        if (chart.series.empty()) return;
        // The unit in which the least value is not small: ticks such as 0.001 have no room.
        const bool small = low < (time ? 1e-5 : 1e4);
        const double factor = time ? (small ? 1e6 : 1e3) : (small ? 1e-3 : 1e-6);
        for (ChartSeries& series : chart.series) {
            for (Point& point : series.points) point.y *= factor;
        }
        chart.title = cost_label(cost);
        chart.title.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(chart.title.front())));
        chart.suffix = time ? (small ? " us" : " ms") : (small ? " kB" : " MB");
        chart.steps = logarithmic_axis_at({benchmark_.plan.lengths.begin(), benchmark_.plan.lengths.end()});
        chart.values = logarithmic_axis(factor * low, factor * high);
        chart.steps_label = "tokens";
        chart.pointer_label = "tokens";
        html_ += chart_html(chart);
    }

    void table(const char* title, const BenchmarkTable& table, const char* classes) {
        if (table.empty()) return;
        add("<h3>{}</h3>\n<div class=\"scroll\"><table class=\"{}\">\n<thead><tr>", title, classes);
        for (const std::string& name : table.front()) add("<th scope=\"col\">{}</th>", escape_html(name));
        add("</tr></thead>\n<tbody>\n");
        for (size_t row = 1; row < table.size(); ++row) {
            add("<tr><th scope=\"row\">{}</th>", escape_html(table[row].front()));
            for (size_t i = 1; i < table[row].size(); ++i) add("<td>{}</td>", escape_html(table[row][i]));
            add("</tr>\n");
        }
        add("</tbody>\n</table></div>\n");
    }

    const AttentionBenchmark& benchmark_;
    std::string html_;
};

}  // namespace

std::string attention_benchmark_page(const AttentionBenchmark& benchmark) {
    return AttentionBenchmarkPage(benchmark).html();
}

}  // namespace heed
