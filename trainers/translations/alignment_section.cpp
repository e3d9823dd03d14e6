#include "heed/trainers/translations/alignment_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "heed/trainers/report/page.h"
#include "heed/trainers/report/pictures/picture.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr size_t most_aligned_tokens = 96;  // of a sentence that is drawn
constexpr int64_t most_aligned_layers = 12, most_aligned_heads = 16;
constexpr float least_weight = 0.005F;  // that a cell shows

/// A token for the reader: SentencePiece's sign for a blank is drawn like a thick rule by most fonts.
std::string token_label(std::string_view token) {
    constexpr std::string_view blank = "\u2581";
    std::string text(token);
    for (size_t at = 0; (at = text.find(blank, at)) != std::string::npos;) text.replace(at, blank.size(), "\u00b7");
    return escape_html(text);
}

class AlignmentFigure {
public:
    explicit AlignmentFigure(const Alignment& alignment)
        : alignment_(alignment),
          layers_(std::min(alignment.layers, most_aligned_layers)),
          heads_(std::min(alignment.heads, most_aligned_heads)) {}

    std::string html() {
        add("<figure class=\"alignment\">\n<figcaption>{}<br/><b>{}</b></figcaption>\n", escape_html(alignment_.source),
            escape_html(alignment_.translation));
        const size_t sources = alignment_.source_tokens.size(), targets = alignment_.target_tokens.size();
        if (std::max(sources, targets) > most_aligned_tokens) {
            add("<p class=\"note\">{} source and {} target tokens are too many to be drawn: at most {} of each "
                "are.</p>\n",
                sources, targets, most_aligned_tokens);
        } else {
            html_ += "<div class=\"layers\">\n";
            for (int64_t layer = 0; layer < layers_; ++layer) mean(layer);
            html_ += "</div>\n";
            heads();
        }
        return std::move(html_) + "</figure>\n";
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    void mean(int64_t layer) {
        const std::vector<float> weights = alignment_.layer_mean(layer);
        add("<div class=\"scroll\"><table>\n<caption>layer {}, mean of {} heads</caption>\n<thead><tr><td></td>", layer,
            alignment_.heads);
        for (const std::string& token : alignment_.source_tokens) {
            add("<th scope=\"col\"><span>{}</span></th>", token_label(token));
        }
        html_ += "</tr></thead>\n<tbody>\n";
        size_t place = 0;
        for (const std::string& target : alignment_.target_tokens) {
            add("<tr><th scope=\"row\">{}</th>", token_label(target));
            for (const std::string& source : alignment_.source_tokens) cell(weights[place++], source, target);
            html_ += "</tr>\n";
        }
        html_ += "</tbody>\n</table></div>\n";
    }

    void cell(float weight, const std::string& source, const std::string& target) {
        if (!(weight >= least_weight)) {
            html_ += "<td></td>";
            return;
        }
        add("<td style=\"--heat:{:.2f}\" title=\"{} looks at {}: {:.2f}\">{:.0f}</td>", std::min(weight, 1.0F),
            token_label(target), token_label(source), weight, 100 * weight);
    }

    void heads() {
        const auto width = static_cast<int64_t>(alignment_.source_tokens.size());
        const auto height = static_cast<int64_t>(alignment_.target_tokens.size());
        // Points of 4 to 10 pixels, so that short sentences are not tiny and long ones fit.
        const int64_t point = std::clamp<int64_t>(160 / std::max<int64_t>(1, std::max(width, height)), 4, 10);
        html_ += "<details><summary>Each head</summary>\n<div class=\"scroll\"><table class=\"heads\">\n<tbody>\n";
        for (int64_t layer = 0; layer < layers_; ++layer) {
            add("<tr><th scope=\"row\">layer {}</th>", layer);
            for (int64_t head = 0; head < heads_; ++head) {
                const auto& weights = alignment_.weights[static_cast<size_t>(layer * alignment_.heads + head)];
                add("<td><img src=\"{}\" style=\"width:{}px;height:{}px\" alt=\"layer {}, head {}\"/>head {}</td>",
                    heat_map(weights, width, 1.0F, HeatStyle::ink), width * point, height * point, layer, head, head);
            }
            html_ += "</tr>\n";
        }
        html_ += "</tbody>\n</table></div></details>\n";
        if (layers_ < alignment_.layers)
            add("<p class=\"note\">Of {} layers, {} are drawn.</p>\n", alignment_.layers, layers_);
        if (heads_ < alignment_.heads)
            add("<p class=\"note\">Of {} heads, {} are drawn.</p>\n", alignment_.heads, heads_);
    }

    const Alignment& alignment_;
    int64_t layers_, heads_;
    std::string html_;
};

}  // namespace

std::string alignment_legend() {
    return "<p>Where the decoder looks in the source while it makes each token of the translation: a row is a token "
           "that is made, a column one that is looked at, the number the weight in percent. Rows have the sum 100; "
           "weights below 0.5 are left out. A dot within a token stands for a blank.</p>\n";
}

std::string alignment_html(const Alignment& alignment) {
    return AlignmentFigure(alignment).html();
}

std::string alignment_page(const std::vector<Alignment>& alignments, size_t all, const std::string& title,
                           const std::string& remark) {
    std::string body = fmt::format("<h1>{}</h1>\n{}", escape_html(title), alignment_legend());
    if (!remark.empty()) body += fmt::format("<p>{}</p>\n", escape_html(remark));
    if (alignments.size() < all) {
        body += fmt::format("<p>Of {} translations, the first {} are drawn.</p>\n", all, alignments.size());
    }
    for (const Alignment& alignment : alignments) body += alignment_html(alignment);
    return html_page(title, body);
}

}  // namespace heed
