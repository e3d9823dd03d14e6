#include "heed/trainers/report/report.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "heed/core/files/atomic_file.h"
#include "heed/trainers/loop/evaluation.h"
#include "heed/trainers/report/charts/curves.h"
#include "heed/trainers/report/page.h"
#include "heed/trainers/report/provenance.h"
#include "heed/trainers/report/swap.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

/// `1 step`, `4,220 steps`.
std::string counted(int64_t number, const char* thing) {
    return fmt::format("{} {}{}", group_digits(number), thing, number == 1 ? "" : "s");
}

class Page {
public:
    explicit Page(const ReportInput& input) : input_(input), history_(input.history) {}

    std::string html() {
        header();
        if (history_.swap) html_ += swap_html(history_);
        html_ += curves_html(history_, input_.unit);
        html_ += resources_html(history_, input_.unit);
        for (const std::string& section : input_.sections) html_ += section;
        html_ += provenance_html(history_.calls, input_.settings);
        add("<section id=\"recipe\">\n<h2>Recipe</h2>\n<details><summary>All settings of this run, in a form that can "
            "be "
            "trained again</summary>\n<pre>{}</pre>\n</details>\n</section>\n",
            escape_html(input_.recipe_yaml));
        add("<footer>Written by Heed.</footer>\n<script>{}</script>\n", page_script());
        return html_page(input_.title, html_);
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    void header() {
        add("<header>\n<h1>{}</h1>\n", escape_html(input_.title));
        result();
        if (!input_.end.empty()) add("<p class=\"end\">{}</p>\n", escape_html(input_.end));
        for (const std::string& sentence : input_.left_out) add("<p class=\"note\">{}</p>\n", escape_html(sentence));
        Facts facts = input_.facts;
        const Facts measured = measured_facts();
        facts.insert(facts.end(), measured.begin(), measured.end());
        if (!facts.empty()) html_ += "<dl class=\"facts\">\n";
        for (const auto& [label, value] : facts) {
            add("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_html(label), escape_html(value));
        }
        if (!facts.empty()) html_ += "</dl>\n";
        html_ += "</header>\n";
    }

    void result() {
        if (input_.result) {
            add("<p class=\"result\"><b>{}</b> <span>{}</span></p>\n", escape_html(input_.result->value),
                escape_html(input_.result->text));
        } else if (history_.test_accuracy) {
            add("<p class=\"result\"><b>{}</b> <span>test accuracy</span></p>\n",
                percent_text(history_.test_accuracy->y, 2));
        } else {
            add("<p class=\"result\">No result on the test set yet.</p>\n");
        }
    }

    /// What the metrics tell.
    Facts measured_facts() const {
        Facts facts;
        if (const auto& best = history_.best) {
            facts.emplace_back("Best validation " + best->compared_by,
                               fmt::format("{} at step {}", score_text(best->compared_by, best->score),
                                           group_digits(static_cast<int64_t>(best->step))));
        }
        if (!history_.epochs.empty()) {
            facts.emplace_back("Trained", counted(history_.last_step, "step") + " in " +
                                              counted(history_.epochs.rows().back().epoch, "epoch"));
        }
        if (history_.seconds > 0.0) {
            facts.emplace_back("Time in training steps", duration_text(history_.seconds));
            facts.emplace_back(
                "Throughput",
                fmt::format("{} {}/s",
                            group_digits(std::llround(static_cast<double>(history_.samples) / history_.seconds)),
                            input_.unit));
        }
        if (history_.peak_bytes) facts.emplace_back("Peak memory of tensors", bytes_text(*history_.peak_bytes));
        return facts;
    }

    const ReportInput& input_;
    const History& history_;
    std::string html_;
};

}  // namespace

std::string report_html(const ReportInput& input) {
    return Page(input).html();
}

void write_report(const ReportInput& input) {
    write_file_atomically(input.paths.report(), report_html(input));
}

}  // namespace heed
