#include "heed/trainers/translations/translation_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "heed/trainers/report/text.h"
#include "heed/trainers/translations/alignment_section.h"
#include "heed/trainers/translations/scoring/translation_scores.h"

namespace heed {

namespace {

/// The most important score, and the others with the perplexity.
ReportResult scores_of_test(const ReferenceText& texts, const Evaluation& test) {
    const std::vector<std::pair<std::string, double>> scores = labelled_scores(test);
    ReportResult result;
    result.value = fmt::format("{:.2f} {}", scores.front().second, scores.front().first);
    result.text = fmt::format("on {} test sentences", group_digits(texts.size()));
    for (size_t i = 1; i < scores.size(); ++i) {
        result.text += fmt::format(", {} {:.2f}", scores[i].first, scores[i].second);
    }
    for (const auto& [name, value] : test.more) {
        if (name == "perplexity") result.text += fmt::format(", perplexity {:.2f}", value);
    }
    return result;
}

/// A source for the reader: of a document the beginning, and all of it on demand.
std::string source_html(const std::string& source) {
    constexpr size_t most_bytes = 600;
    if (source.size() <= most_bytes) return escape_html(source);
    size_t end = source.find_last_of(" \n", most_bytes);
    if (end == std::string::npos) {
        end = most_bytes;
        while ((static_cast<unsigned char>(source[end]) & 0xc0U) == 0x80U) --end;
    }
    return fmt::format("<details><summary>{} ...</summary>{}</details>", escape_html(source.substr(0, end)),
                       escape_html(source.substr(end)));
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
        fmt::format_to(std::back_inserter(html), "<li>{}", source_html(texts.sources[place]));
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
    input.result = scores_of_test(texts, test);
    input.sections.push_back(scores_section(test));
    input.sections.push_back(translations_section(texts, test));
    if (!alignments.empty()) input.sections.push_back(alignments_section(alignments, remark));
}

}  // namespace heed
