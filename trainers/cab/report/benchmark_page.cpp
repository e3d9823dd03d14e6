#include "heed/trainers/cab/report/benchmark_page.h"

#include <fmt/format.h>

#include <iterator>

#include "heed/trainers/benchmark/pattern_key.h"
#include "heed/trainers/cab/report/cost_chart.h"
#include "heed/trainers/cab/report/cost_table.h"
#include "heed/trainers/cab/report/index_chart.h"
#include "heed/trainers/comparison/report/table_html.h"
#include "heed/trainers/report/page.h"
#include "heed/trainers/report/provenance.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

class BenchmarkPage {
public:
    explicit BenchmarkPage(const BenchmarkReport& report) : report_(report) {}

    std::string html() {
        add("<header>\n<h1>{}</h1>\n<dl class=\"facts\">\n", escape_html(report_.title));
        for (const auto& [label, value] : report_.facts) {
            add("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_html(label), escape_html(value));
        }
        add("</dl>\n</header>\n");
        charts();
        for (const Leaderboard& board : report_.boards) pattern(board);
        raw();
        correlations();
        cohorts();
        add("<section id=\"notes\">\n<h2>How to read it</h2>\n");
        for (const std::string& note : notes_of(report_)) add("<p>{}</p>\n", escape_html(note));
        add("</section>\n");
        if (!report_.origin.command.empty()) html_ += provenance_html({{0, report_.origin}}, {});
        if (!report_.grid_text.empty()) {
            add("<section id=\"grid\">\n<h2>Grid</h2>\n<details><summary>The file</summary>\n<pre>{}</pre>\n"
                "</details>\n</section>\n",
                escape_html(report_.grid_text));
        }
        add("<footer>Written by Heed.</footer>\n");
        return html_page(
            report_.title, html_,
            std::string(table_style()) + std::string(index_chart_style()) + std::string(cost_chart_style()));
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    void charts() {
        std::string figures;
        for (const Leaderboard& board : report_.boards) figures += index_chart(board, report_.benchmark.baseline);
        if (figures.empty()) return;
        add("<section id=\"index\">\n<h2>Compositional Index</h2>\n<div class=\"charts\">\n{}</div>\n</section>\n",
            figures);
    }

    void pattern(const Leaderboard& board) {
        add("<section id=\"{}\">\n<h2>{}</h2>\n{}", pattern_key(board.pattern),
            escape_html(pattern_title(board.pattern)), table_html(leaderboard_table(report_, board)));
        for (const std::string& gap : gaps_of(report_, board)) add("<p class=\"note\">{}</p>\n", escape_html(gap));
        costs(board);
        add("</section>\n");
    }

    void costs(const Leaderboard& board) {
        if (report_.costs.empty()) return;
        add("<h3>{}</h3>\n{}", escape_html(cost_title(board.pattern)), table_html(cost_table(report_, board)));
        html_ += cost_chart(report_, board);
        for (const std::string& gap : cost_gaps(report_, board)) add("<p class=\"note\">{}</p>\n", escape_html(gap));
    }

    void raw() {
        add("<section id=\"tasks\">\n<h2>Tasks: what was measured</h2>\n");
        for (size_t task = 0; task < report_.benchmark.tasks.size(); ++task) {
            const BenchmarkTask& of = report_.benchmark.tasks[task];
            add("<h3>{} ({})</h3>\n{}", escape_html(of.name), pattern_initials(of.pattern),
                table_html(raw_table(report_, task)));
        }
        add("</section>\n");
    }

    void correlations() {
        if (report_.correlations.empty()) return;
        add("<section id=\"correlations\">\n<h2>Correlation between patterns</h2>\n{}<p class=\"note\">{}</p>\n"
            "</section>\n",
            table_html(correlation_table(report_)), escape_html(note_on_correlations()));
    }

    void cohorts() {
        add("<section id=\"cohorts\">\n<h2>Cohorts</h2>\n<details><summary>Mean and deviation of every "
            "metric</summary>\n"
            "{}</details>\n</section>\n",
            table_html(cohort_table(report_)));
    }

    const BenchmarkReport& report_;
    std::string html_;
};

}  // namespace

std::string benchmark_page(const BenchmarkReport& report) {
    return BenchmarkPage(report).html();
}

}  // namespace heed
