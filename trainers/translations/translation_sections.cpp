#include "heed/trainers/translations/translation_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "heed/trainers/report/text.h"
#include "heed/trainers/translations/alignment_section.h"

namespace heed {

namespace {

double metric_of(const Evaluation& test, const std::string& name) {
    for (const auto& [key, value] : test.more) {
        if (key == name) return value;
    }
    return 0.0;
}

std::string scores_section(const Evaluation& test) {
    std::string html = "<section id=\"scores\">\n<h2>Scores</h2>\n<ul>\n";
    for (const std::string& line : test.remarks) {
        fmt::format_to(std::back_inserter(html), "<li><code>{}</code></li>\n", escape_html(line));
    }
    return html + "</ul>\n</section>\n";
}

std::string translations_section(const ReferenceText& texts, const Evaluation& test) {
    constexpr int64_t most_sentences = 40;
    const int64_t shown = std::min(most_sentences, texts.size());
    std::string html = fmt::format(
        "<section id=\"translations\">\n<h2>Translations</h2>\n<p>{} of {} test sentences, spread evenly: the source, "
        "what the model made of it, the references.</p>\n<ul class=\"texts\">\n",
        shown, group_digits(texts.size()));
    for (int64_t i = 0; i < shown; ++i) {
        const auto place = static_cast<size_t>(i * texts.size() / shown);
        fmt::format_to(std::back_inserter(html), "<li>{}", escape_html(texts.sources[place]));
        const std::string& translation = test.translations[place];
        html += translation.empty() ? "<p class=\"note\">(an empty line)</p>"
                                    : "<p><b>" + escape_html(translation) + "</b></p>";
        for (const std::string& reference : texts.references[place]) {
            fmt::format_to(std::back_inserter(html), "<p class=\"reference\">{}</p>", escape_html(reference));
        }
        html += "</li>\n";
    }
    return html + "</ul>\n</section>\n";
}

std::string alignments_section(const std::vector<Alignment>& alignments, const std::string& remark) {
    std::string html = "<section id=\"alignments\">\n<h2>Alignments</h2>\n" + alignment_legend();
    if (!remark.empty()) html += fmt::format("<p>{}</p>\n", escape_html(remark));
    for (const Alignment& alignment : alignments) html += alignment_html(alignment);
    return html +
           "<p class=\"note\">For other sentences: <code>heed translate RUN --attention FILE.html</code>.</p>\n"
           "</section>\n";
}

}  // namespace

void add_translation_sections(ReportInput& input, const ReferenceText& texts, const Evaluation& test,
                              const std::vector<Alignment>& alignments, const std::string& remark) {
    input.result = {fmt::format("{:.2f} BLEU", metric_of(test, "bleu")),
                    fmt::format("on {} test sentences, chrF {:.2f}, perplexity {:.2f}", group_digits(texts.size()),
                                metric_of(test, "chrf"), metric_of(test, "perplexity"))};
    input.sections.push_back(scores_section(test));
    input.sections.push_back(translations_section(texts, test));
    if (!alignments.empty()) input.sections.push_back(alignments_section(alignments, remark));
}

}  // namespace heed
