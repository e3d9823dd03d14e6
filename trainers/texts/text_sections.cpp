#include "heed/trainers/texts/text_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "heed/trainers/images/report/image_sections.h"
#include "heed/trainers/report/confusion.h"
#include "heed/trainers/report/label_table.h"
#include "heed/trainers/report/remarks.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

/// The beginning of a text; a character is never cut in two.
std::string excerpt(const std::string& text) {
    constexpr size_t most_bytes = 600;
    if (text.size() <= most_bytes) return text;
    size_t end = most_bytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    return text.substr(0, end) + " …";
}

std::string misclassified_texts(const TextData& data, const Evaluation& test) {
    constexpr size_t most_texts = 30;
    std::string html = "<section id=\"mistakes\">\n<h2>Misclassified texts</h2>\n";
    if (test.mistakes.empty()) return html + "<p>There is none.</p>\n</section>\n";
    fmt::format_to(std::back_inserter(html),
                   "<p>{} of {} test texts were misclassified; the most certain mistakes come first.</p>\n"
                   "<ul class=\"texts\">\n",
                   group_digits(static_cast<int64_t>(test.mistakes.size())), group_digits(test.count));
    for (size_t i = 0; i < std::min(most_texts, test.mistakes.size()); ++i) {
        const Mistake& mistake = test.mistakes[i];
        fmt::format_to(std::back_inserter(html),
                       "<li><b>{}</b> taken for <i>{}</i>, <span class=\"sure\">{} sure</span><p>{}</p></li>\n",
                       escape_html(class_name(data.class_names(), mistake.label)),
                       escape_html(class_name(data.class_names(), mistake.prediction)),
                       percent_text(mistake.probability, 1), escape_html(excerpt(data.test.text(mistake.index))));
    }
    return html + "</ul>\n</section>\n";
}

std::string wrongly_labelled_texts(const TextData& data, const Evaluation& test) {
    constexpr size_t most_texts = 30;
    std::string html = "<section id=\"mistakes\">\n<h2>Texts with wrong labels</h2>\n";
    if (test.label_mistakes.empty()) return html + "<p>There is none.</p>\n</section>\n";
    fmt::format_to(std::back_inserter(html),
                   "<p>{} of {} test texts were given a label that they do not have, or were not given one that they "
                   "have; the most certain mistakes come first.</p>\n<ul class=\"texts\">\n",
                   group_digits(static_cast<int64_t>(test.label_mistakes.size())), group_digits(test.count));
    for (size_t i = 0; i < std::min(most_texts, test.label_mistakes.size()); ++i) {
        const LabelMistake& mistake = test.label_mistakes[i];
        std::string what;
        if (!mistake.missing.empty()) {
            what += "missing <b>" + escape_html(class_list(data.class_names(), mistake.missing)) + "</b>";
        }
        if (!mistake.wrong.empty()) {
            what += std::string(what.empty() ? "" : ", ") + "wrong <i>" +
                    escape_html(class_list(data.class_names(), mistake.wrong)) + "</i>";
        }
        const std::span<const int32_t> labels = data.test.labels(mistake.index);
        fmt::format_to(std::back_inserter(html),
                       "<li>{}, <span class=\"sure\">{} sure</span>; it has: {}<p>{}</p></li>\n", what,
                       percent_text(mistake.probability, 1),
                       escape_html(class_list(data.class_names(), {labels.begin(), labels.end()})),
                       escape_html(excerpt(data.test.text(mistake.index))));
    }
    return html + "</ul>\n</section>\n";
}

void add_label_result(ReportInput& input, const Evaluation& test) {
    std::string text = fmt::format("of {} test {} have exactly the right labels", group_digits(test.count), input.unit);
    for (const auto& [name, value] : test.more) {
        text += fmt::format(", {} {:.4f}", name == "micro_f1" ? "micro F1" : "macro F1", value);
    }
    input.result = {percent_text(test.accuracy, 2), text + fmt::format(", loss {:.4f}", test.loss)};
}

std::string word_section(const TextData& data, const std::vector<ImportantWords>& texts) {
    std::string html =
        "<section id=\"words\">\n<h2>Importance of words</h2>\n<p>What each word does for the prediction: blue words "
        "speak for it (without them its probability falls), orange ones against it. The stronger the colour, the more "
        "it changes; the words of a text have their own scale. A text is shown as the model reads it, with all tokens "
        "that "
        "the prediction comes from.</p>\n<ul class=\"texts\">\n";
    for (const ImportantWords& text : texts) {
        const bool is_right = std::find(text.labels.begin(), text.labels.end(), text.prediction) != text.labels.end();
        double greatest = 1e-9;
        for (const ImportantWord& word : text.words) greatest = std::max(greatest, std::abs(word.fall));
        fmt::format_to(std::back_inserter(html),
                       "<li><b>{0}</b>, {1} <{2}>{3}</{2}>, <span class=\"sure\">{4} sure{5}</span><p class=\"words\">",
                       escape_html(class_list(data.class_names(), text.labels)),
                       data.several_labels() ? "most probable" : "predicted", is_right ? "span" : "i",
                       escape_html(class_name(data.class_names(), text.prediction)), percent_text(text.probability, 1),
                       text.tokens_a_word > 1 ? fmt::format("; {} tokens at once", text.tokens_a_word) : "");
        for (const ImportantWord& word : text.words) {
            fmt::format_to(std::back_inserter(html),
                           "<span class=\"{}\" style=\"--heat:{:.3f}\" title=\"{:+.1f} points\">{}</span> ",
                           word.fall >= 0 ? "for" : "against", std::abs(word.fall) / greatest, 100.0 * word.fall,
                           escape_html(word.text));
        }
        html += "</p></li>\n";
    }
    return html + "</ul>\n</section>\n";
}

}  // namespace

void add_text_sections(ReportInput& input, const TextData& data, const Evaluation& test,
                       const std::vector<ImportantWords>& texts) {
    if (!data.remarks.empty()) input.sections.push_back(data_remarks_html(data.remarks));
    if (data.several_labels()) {
        add_label_result(input, test);
        input.sections.push_back(label_table_html(test.labels, data.class_names(), input.unit));
        input.sections.push_back(wrongly_labelled_texts(data, test));
    } else {
        add_classification_result(input, test);
        input.sections.push_back(confusion_html(test, data.class_names(), input.unit));
        input.sections.push_back(
            class_table_html(classification_scores(test.confusion).classes, data.class_names(), input.unit));
        input.sections.push_back(misclassified_texts(data, test));
    }
    if (!texts.empty()) input.sections.push_back(word_section(data, texts));
}

}  // namespace heed
