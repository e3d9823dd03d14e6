#include "heed/trainers/explanation/page/explanation_page.h"

#include <fmt/format.h>

#include <iterator>
#include <span>

#include "heed/trainers/explanation/explanation_text.h"
#include "heed/trainers/explanation/page/head_section.h"
#include "heed/trainers/explanation/page/measure_section.h"
#include "heed/trainers/explanation/page/relevance_figure.h"
#include "heed/trainers/report/page.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr size_t most_picture_bytes = 3'000'000;

constexpr const char* page_style_of_targets = R"css(
.sets { max-width: 52rem; } .sets li { margin: 0.2rem 0; overflow-wrap: anywhere; }
.explained h3 { margin-top: 1.25rem; overflow-wrap: anywhere; }
section.input { margin-top: 2.5rem; }
.explained .pairs caption { padding-bottom: 0.3rem; text-align: left; }
.targets { margin: 1rem 0; }
)css";

constexpr const char* target_script = R"js(
for (const section of document.querySelectorAll("section.input")) {
  const choices = section.querySelectorAll(".targets input"), parts = section.querySelectorAll(".explained");
  const show = () => choices.forEach((choice, i) => { parts[i].hidden = !choice.checked; });
  if (choices.length > 1) { section.addEventListener("change", show); show(); }
}
)js";

class ExplanationPage {
public:
    explicit ExplanationPage(const ExplanationPageInput& input) : input_(input) {}

    std::string html() {
        header();
        for (const RemovalResults& results : input_.results) {
            html_ += measure_section(results.removal, results.inputs, results.measures);
        }
        if (!input_.heads.empty()) heads_over_inputs();
        const std::span<const Explanation> all = input_.explanations;
        for (size_t first = 0; first < all.size();) {
            size_t last = first + 1;
            while (last < all.size() && all[first].input.target && all[last].input.place == all[first].input.place)
                ++last;
            section(all.subspan(first, last - first));
            first = last;
        }
        reading();
        add("<footer>Written by Heed.</footer>\n<script>{}{}{}</script>\n", page_script(), relevance_script(),
            target_script);
        std::string style = std::string(relevance_style());
        style += head_style();
        style += measure_style();
        style += page_style_of_targets;
        return html_page(input_.title, html_, style);
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    void header() {
        add("<header>\n<h1>{}</h1>\n", escape_html(input_.title));
        for (const std::string& remark : input_.remarks) add("<p class=\"remark\">{}</p>\n", escape_html(remark));
        if (std::ssize(input_.explanations) < input_.inputs) {
            add("<p class=\"note\">Of {} predictions, the first {} are shown.</p>\n", group_digits(input_.inputs),
                group_digits(std::ssize(input_.explanations)));
        }
        html_ += "</header>\n";
    }

    void heads_over_inputs() {
        add("<section id=\"heads\">\n<h2>What least-norm attention changes, over all inputs</h2>\n<p>{}.</p>\n",
            escape_html(changed_rows_sentence(input_.heads)));
        html_ += head_overview(input_.heads);
        add("<p class=\"note\">Check of the implementation, no evidence of anything about the model: "
            "{}.</p>\n</section>\n",
            escape_html(check_counts_sentence(input_.checks)));
    }

    void section(std::span<const Explanation> group) {
        const ExplainedInput& input = group.front().input;
        add("<section class=\"input\">\n<h2>{}</h2>\n", escape_html(input.place));
        if (!input.truth.empty())
            add("<p>Known: <b>{}</b></p>\n", escape_html(fmt::format("{}", fmt::join(input.truth, ", "))));
        if (input.target) {
            add("<p>{}<br/><b>{}</b>{}</p>\n", escape_html(input.text), escape_html(input.target->text),
                input.target->given ? " <span class=\"note\">(given)</span>" : "");
        }
        if (group.size() > 1) targets(group);
        for (const Explanation& explanation : group) explained(explanation);
        html_ += "</section>\n";
    }

    void targets(std::span<const Explanation> group) {
        html_ += "<fieldset class=\"switch targets\"><legend>Token of the translation</legend>\n";
        for (size_t i = 0; i < group.size(); ++i) {
            add("<label><input type=\"radio\" name=\"target-{}\"{}/>{}</label>\n", figures_, i == 0 ? " checked" : "",
                escape_html(unit_label(group[i].prediction.label)));
        }
        html_ += "</fieldset>\n";
    }

    void explained(const Explanation& explanation) {
        const ExplainedInput& input = explanation.input;
        const ExplainedPrediction& prediction = explanation.prediction;
        add("<div class=\"explained\">\n<h3>{}{} <span class=\"sure\">{} sure{}</span></h3>\n",
            input.target ? fmt::format("Token {}: ", input.target->position + 1) : "",
            escape_html(unit_label(prediction.label)), percent_text(prediction.probability, 1),
            prediction.predicted ? "" : "; the model itself predicts another token");
        html_ += relevance_figure(explanation, fmt::format("figure-{}", figures_++));
        sets(explanation);
        add("<p>Least-norm attention: {}.</p>\n", escape_html(changed_rows_sentence(explanation.heads)));
        html_ += head_overview(explanation.heads);
        html_ += head_pictures(explanation.heads, input_.picture_side, picture_bytes_);
        add("<p class=\"note\">Check of the implementation, no evidence of anything about the model: {}.</p>\n</div>\n",
            escape_html(check_sentence(explanation.check)));
    }

    void sets(const Explanation& explanation) {
        if (!explanation.searched) return;
        html_ += "<ul class=\"sets\">\n";
        for (const RemovalExplanation& removal : explanation.removals) {
            for (const auto& [kind, sets] : {std::pair(TokenSetKind::necessary, &removal.necessary),
                                             std::pair(TokenSetKind::sufficient, &removal.sufficient)}) {
                add("<li>{} ({}): {}</li>\n", kind == TokenSetKind::necessary ? "Necessary" : "Sufficient",
                    removal_text(removal.removal), escape_html(set_sentence(explanation.input, kind, *sets)));
            }
        }
        html_ += "</ul>\n<details><summary>The sets of each order</summary>\n";
        for (const RemovalExplanation& removal : explanation.removals) orders(removal);
        html_ += "</details>\n";
    }

    void orders(const RemovalExplanation& removal) {
        add("<div class=\"scroll\"><table class=\"pairs\">\n<caption class=\"note\">{}; first the shortest prefix "
            "found, then what is left "
            "of it after pruning</caption>\n<tr><th>order</th><th>necessary</th><th>sufficient</th></tr>\n",
            removal_text(removal.removal));
        for (size_t i = 0; i < removal.necessary.by_order.size(); ++i) {
            add("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", escape_html(removal.necessary.by_order[i].measure),
                sizes(removal.necessary.by_order[i]), sizes(removal.sufficient.by_order[i]));
        }
        html_ += "</table></div>\n";
    }

    static std::string sizes(const OrderedTokenSet& set) {
        if (!set.prefix) return "none found";
        return fmt::format("{} &rarr; {}{}", *set.prefix, set.tokens.size(),
                           set.minimal ? "" : " (pruning met its limit)");
    }

    void reading() {
        html_ +=
            "<section id=\"reading\">\n<h2>How to read this</h2>\n"
            "<p>Colours go from 0 to the greatest value of each measure among the tokens that can be taken away; blue "
            "(on images orange) speaks for relevance, the other colour for the opposite. Tokens in grey are always "
            "there.</p>\n"
            "<p><em>Effective attention</em> (Brunner et al., ICLR 2020) is the part of the weights that reaches the "
            "output of a head. <em>Least-norm attention</em> is, of all distributions over the keys with the same "
            "output, the one of least norm; Naim and Asher (ECAI 2024) call such a distribution an efficient attention "
            "matrix. How it is chosen and computed here is Heed's own derivation. T are the values that the weights "
            "mix; a row can change only where there are more keys than the rank of [T, 1].</p>\n"
            "<p><em>Necessary</em> tokens: without them the prediction is another one. <em>Sufficient</em> tokens: "
            "they alone keep it. None of them can be given back alone; a smaller set may exist where it is not said "
            "that there is none. A model may react to a text with holes in it in a way that says little of the whole "
            "one: that is why both ways of removal are shown.</p>\n"
            "<p>That least-norm attention gives the same prediction is true by construction. Neither it nor a small "
            "set shows that the model uses attention as a reader would.</p>\n</section>\n";
    }

    const ExplanationPageInput& input_;
    std::string html_;
    size_t figures_ = 0;
    size_t picture_bytes_ = most_picture_bytes;
};

}  // namespace

std::string explanation_page(const ExplanationPageInput& input) {
    return ExplanationPage(input).html();
}

}  // namespace heed
