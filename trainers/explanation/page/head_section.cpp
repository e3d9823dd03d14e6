#include "heed/trainers/explanation/page/head_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "heed/trainers/explanation/explanation_text.h"
#include "heed/trainers/report/pictures/picture.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr int64_t most_shown_layers = 12, most_shown_heads = 16;

const char* place_title(AttentionPlace place) {
    switch (place) {
        case AttentionPlace::encoder:
            return "Encoder";
        case AttentionPlace::decoder:
            return "Decoder";
        case AttentionPlace::cross:
            return "Cross-attention";
    }
    return "";
}

/// The heads of one place.
struct PlaceHeads {
    AttentionPlace place;
    std::vector<const HeadExplanation*> heads;
    int64_t layers = 0, heads_a_layer = 0;
};

std::vector<PlaceHeads> by_place(const std::vector<HeadExplanation>& heads) {
    std::vector<PlaceHeads> places;
    for (const HeadExplanation& head : heads) {
        if (places.empty() || places.back().place != head.place) places.push_back({head.place, {}});
        PlaceHeads& place = places.back();
        place.layers = std::max(place.layers, head.layer + 1);
        place.heads_a_layer = std::max(place.heads_a_layer, head.head + 1);
        if (head.layer < most_shown_layers && head.head < most_shown_heads) place.heads.push_back(&head);
    }
    return places;
}

std::string left_out(const PlaceHeads& place) {
    std::string text;
    if (place.layers > most_shown_layers) {
        text += fmt::format(" Of {} layers, the first {} are shown.", place.layers, most_shown_layers);
    }
    if (place.heads_a_layer > most_shown_heads) {
        text += fmt::format(" Of {} heads, the first {} are shown.", place.heads_a_layer, most_shown_heads);
    }
    return text.empty() ? "" : "<p class=\"note\">" + text.substr(1) + "</p>\n";
}

/// A row a layer, a column a head.
std::string head_table(const PlaceHeads& place, const std::string& caption, const std::string& attributes,
                       const std::function<std::string(const HeadExplanation&)>& cell) {
    std::string html = fmt::format("<div class=\"scroll\"><table {}>\n<caption>{}</caption>\n<thead><tr><td></td>",
                                   attributes, caption);
    for (int64_t head = 0; head < std::min(place.heads_a_layer, most_shown_heads); ++head) {
        html += fmt::format("<th scope=\"col\">head {}</th>", head);
    }
    html += "</tr></thead>\n<tbody>\n";
    int64_t layer = -1;
    for (const HeadExplanation* head : place.heads) {
        if (head->layer != layer) {
            if (layer >= 0) html += "</tr>\n";
            layer = head->layer;
            html += fmt::format("<tr><th scope=\"row\">layer {}</th>", layer);
        }
        html += cell(*head);
    }
    return html + "</tr>\n</tbody>\n</table></div>\n";
}

struct Quantity {
    const char* caption;
    std::function<double(const HeadExplanation&)> value;
    int decimals;
    double most;  ///< that has the full colour; 0: the greatest of the table
};

const std::vector<Quantity>& quantities() {
    static const std::vector<Quantity> all = {
        {"rows that change, %",
         [](const HeadExplanation& head) {
             return 100.0 * static_cast<double>(head.measures.changed_rows) /
                    static_cast<double>(std::max<int64_t>(1, head.queries));
         },
         0, 100.0},
        {"total variation", [](const HeadExplanation& head) { return head.measures.total_variation; }, 3, 0.0},
        {"rank of [T, 1]", [](const HeadExplanation& head) { return head.measures.rank; }, 0, 0.0},
        {"entropy, nats", [](const HeadExplanation& head) { return head.measures.entropy; }, 2, 0.0},
        {"entropy, least norm", [](const HeadExplanation& head) { return head.measures.least_norm_entropy; }, 2, 0.0},
        {"negative mass, effective", [](const HeadExplanation& head) { return head.measures.effective_negative_mass; },
         3, 0.0}};
    return all;
}

std::string quantity_table(const PlaceHeads& place, const Quantity& quantity) {
    double most = quantity.most;
    if (most == 0.0) {
        for (const HeadExplanation* head : place.heads) most = std::max(most, quantity.value(*head));
    }
    return head_table(place, quantity.caption, "class=\"entropy\"", [&](const HeadExplanation& head) {
        const double value = quantity.value(head);
        const std::string text = fmt::format("{:.{}f}", value, quantity.decimals);
        // What reads as 0 has no colour, however small the greatest is.
        const bool coloured = most > 0.0 && text != fmt::format("{:.{}f}", 0.0, quantity.decimals);
        return fmt::format("<td style=\"--heat:{:.3f}\">{}</td>", coloured ? std::clamp(value / most, 0.0, 1.0) : 0.0,
                           text);
    });
}

std::string matrix_image(const MatrixPicture& picture, const char* name, const std::string& head) {
    const float most = *std::max_element(picture.values.begin(), picture.values.end());
    return fmt::format("<img src=\"{}\" alt=\"{} of {}\" title=\"{}: at most {:.3g}\" style=\"aspect-ratio:{}/{}\"/>",
                       heat_map(picture.values, picture.columns, most, HeatStyle::matrix), name, head, name, most,
                       picture.columns, picture.rows);
}

}  // namespace

std::string head_overview(const std::vector<HeadExplanation>& heads) {
    if (heads.empty()) return "";
    std::string html = "<details open><summary>Layers and heads</summary>\n";
    for (const PlaceHeads& place : by_place(heads)) {
        html += fmt::format("<h4>{}</h4>\n<div class=\"quantities\">\n", place_title(place.place));
        for (const Quantity& quantity : quantities()) html += quantity_table(place, quantity);
        html += "</div>\n" + left_out(place);
    }
    return html + "</details>\n";
}

std::string head_pictures(const std::vector<HeadExplanation>& heads, int64_t picture_side, size_t& bytes) {
    if (heads.empty() || heads.front().weights.values.empty()) return "";
    std::string html = "<details><summary>Attention beside its least-norm form</summary>\n";
    const bool changes =
        std::any_of(heads.begin(), heads.end(), [](const auto& head) { return head.measures.changed_rows > 0; });
    const bool shrunk = std::any_of(heads.begin(), heads.end(),
                                    [&](const auto& head) { return std::max(head.queries, head.keys) > picture_side; });
    html += fmt::format(
        "<p>A row is a query, a column a key; brightness is the square root of the weight, from 0 to the "
        "greatest of each picture (shown when pointed at); a weight of 0 has no colour.{} {}</p>\n",
        shrunk ? " A point is the greatest of a rectangle of weights." : "",
        changes ? "The first picture of a head is its attention, the second its least-norm form, where "
                  "a row changes."
                : "No row changes: least-norm attention is attention itself.");
    for (const PlaceHeads& place : by_place(heads)) {
        std::string table = head_table(
            place, place_title(place.place), "class=\"pairs-of-tokens beside\"", [](const HeadExplanation& head) {
                const std::string name = head_label(head);
                std::string cell = "<td><div>" + matrix_image(head.weights, "attention", name);
                if (head.measures.changed_rows > 0) cell += matrix_image(head.least_norm, "least-norm attention", name);
                return cell + "</div></td>";
            });
        if (table.size() > bytes) {
            html += fmt::format("<p class=\"note\">{}: left out, as the pictures before fill the page.</p>\n",
                                place_title(place.place));
            continue;
        }
        bytes -= table.size();
        html += table;
    }
    return html + "</details>\n";
}

std::string_view head_style() {
    return R"css(
h4 { margin: 0.9rem 0 0.3rem; font-size: 0.9rem; }
.quantities { display: flex; flex-wrap: wrap; gap: 0.75rem 2rem; align-items: start; }
.quantities .scroll { margin: 0; min-width: 0; max-width: 100%; }
.quantities caption, .beside caption { padding-bottom: 0.3rem; text-align: left; font-size: 0.85rem; color: var(--muted); }
.beside div { display: flex; gap: 2px; } .beside td { padding: 2px 6px 2px 0; }
.beside img { width: 6rem; height: auto; }
)css";
}

}  // namespace heed
