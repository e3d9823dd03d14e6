#include "heed/trainers/comparison/report/comparison_page.h"

#include <fmt/format.h>

#include <iterator>

#include "heed/trainers/comparison/report/comparison_charts.h"
#include "heed/trainers/comparison/report/comparison_text.h"
#include "heed/trainers/comparison/report/table_html.h"
#include "heed/trainers/report/page.h"
#include "heed/trainers/report/provenance.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr const char* claims_style = R"css(
.claims td:nth-child(2), .claims th:nth-child(2) { text-align: left; }
.claims td:first-child, .claims td:nth-child(2) { white-space: normal; min-width: 9rem; }
.verdict { font-weight: 600; } .verdict.holds { color: var(--test); } .verdict.fails { color: var(--validation); }
.verdict.open { color: var(--muted); }
.cite { display: block; font-size: 0.8rem; color: var(--muted); }
)css";

const char* verdict_class(Verdict verdict) {
    switch (verdict) {
        case Verdict::holds:
            return "holds";
        case Verdict::does_not_hold:
            return "fails";
        case Verdict::cannot_be_told:
            break;
    }
    return "open";
}

class ComparisonPage {
public:
    explicit ComparisonPage(const Comparison& comparison) : comparison_(comparison) {}

    std::string html() {
        header();
        results();
        claims();
        charts("cost", "Quality against cost", comparison_scatter(comparison_));
        charts("curves", "Curves", comparison_curves(comparison_));
        add("<section id=\"method\">\n<h2>How it was measured</h2>\n");
        for (const std::string& note : comparison_.notes) add("<p>{}</p>\n", escape_html(note));
        add("</section>\n");
        runs();
        html_ += provenance_html(calls(), comparison_.settings);
        add("<section id=\"recipe\">\n<h2>Recipe</h2>\n<details><summary>All settings, with {}</summary>\n"
            "<pre>{}</pre>\n</details>\n</section>\n",
            escape_html(comparison_.contenders.front().name), escape_html(comparison_.recipe_yaml));
        add("<footer>Written by Heed.</footer>\n<script>{}</script>\n", page_script());
        return html_page(comparison_.title, html_,
                         std::string(table_style()) + claims_style + std::string(comparison_colours()));
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    void header() {
        add("<header>\n<h1>{}</h1>\n<dl class=\"facts\">\n", escape_html(comparison_.title));
        for (const auto& [label, value] : comparison_.facts) {
            add("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_html(label), escape_html(value));
        }
        add("</dl>\n</header>\n");
    }

    void results() {
        add("<section id=\"results\">\n<h2>Results on the test set</h2>\n{}", table_html(result_table(comparison_)));
        for (const Contender& contender : comparison_.contenders) {
            std::string settings;
            for (const std::string& setting : contender.settings) settings += " " + setting;
            if (!settings.empty()) {
                add("<p class=\"note\">{}:{}</p>\n", escape_html(contender.name), escape_html(settings));
            }
        }
        add("</section>\n");
    }

    void claims() {
        if (comparison_.claims.empty()) return;
        const TextTable table = claim_table(comparison_);
        add("<section id=\"claims\">\n<h2>Claims</h2>\n");
        html_ += table_head_html(table.front(), "results claims");
        for (size_t row = 1; row < table.size(); ++row) {
            const JudgedClaim& judged = comparison_.claims[row - 1];
            add("<tr><td>{}", escape_html(table[row][0]));
            if (!judged.claim.source.empty()) add("<span class=\"cite\">{}</span>", escape_html(judged.claim.source));
            add("</td><td class=\"verdict {}\">{}</td><td>{}</td></tr>\n", verdict_class(judged.verdict),
                escape_html(table[row][1]), escape_html(table[row][2]));
        }
        add("</tbody>\n</table></div>\n<p class=\"note\">{}</p>\n</section>\n", escape_html(claim_method(comparison_)));
    }

    void charts(const char* id, const char* title, const std::string& html) {
        if (html.empty()) return;
        add("<section id=\"{}\">\n<h2>{}</h2>\n<div class=\"charts\">\n{}</div>\n</section>\n", id, title, html);
    }

    void runs() {
        add("<section id=\"runs\">\n<h2>Runs</h2>\n<details><summary>Every run as a table</summary>\n");
        std::vector<std::string> names = {"attention", "seed", comparison_.metric.name};
        for (const CostMeasure& measure : cost_measures()) {
            if (measure.is_measured) names.emplace_back(measure.label);
        }
        html_ += table_head_html(names, "results");
        for (const Contender& contender : comparison_.contenders) {
            for (const RunResult& run : contender.runs) {
                const std::optional<double> quality = comparison_.metric.of(run);
                add("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>", escape_html(contender.name), run.seed,
                    quality ? comparison_.metric.text(*quality) : "-");
                for (const CostMeasure& measure : cost_measures()) {
                    if (!measure.is_measured) continue;
                    const std::optional<double> cost = measure.of(run);
                    add("<td>{}</td>", cost ? measure.text(*cost) : "-");
                }
                add("</tr>\n");
            }
        }
        add("</tbody>\n</table></div>\n</details>\n</section>\n");
    }

    /// That of the comparison, with the versions of its first run.
    std::vector<RunCall> calls() const {
        if (comparison_.command.empty()) return {};
        RunOrigin origin = {.command = comparison_.command};
        for (const Contender& contender : comparison_.contenders) {
            if (contender.runs.empty() || contender.runs.front().history.calls.empty()) continue;
            const RunOrigin& known = contender.runs.front().history.calls.front().origin;
            origin.commit = known.commit;
            origin.versions = known.versions;
            break;
        }
        return {{0, origin}};
    }

    const Comparison& comparison_;
    std::string html_;
};

}  // namespace

std::string comparison_page(const Comparison& comparison) {
    return ComparisonPage(comparison).html();
}

}  // namespace heed
