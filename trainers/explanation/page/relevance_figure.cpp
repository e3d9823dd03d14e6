#include "heed/trainers/explanation/page/relevance_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "heed/trainers/explanation/explanation_text.h"
#include "heed/trainers/report/pictures/picture.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

/// A choice of the switch.
struct Shown {
    std::string name;
    std::vector<int> heats;  ///< one a unit, -100 to 100
};

/// Percent of the greatest magnitude among the units that can be taken away; a fixed unit may have less or all of it.
std::vector<int> heats_of(const Explanation& explanation, const Relevance& relevance) {
    double most = 0.0;
    for (size_t i = 0; i < relevance.units.size(); ++i) {
        if (!explanation.input.units[i].fixed) most = std::max(most, std::abs(relevance.units[i]));
    }
    std::vector<int> heats;
    for (const double value : relevance.units) {
        heats.push_back(most > 0.0 ? static_cast<int>(std::lround(100.0 * std::clamp(value / most, -1.0, 1.0))) : 0);
    }
    return heats;
}

std::vector<int> heats_of_set(const Explanation& explanation, const TokenSets& sets) {
    std::vector<int> heats(explanation.input.units.size(), 0);
    for (const int64_t unit : *sets.smallest) heats[static_cast<size_t>(unit)] = 100;
    return heats;
}

std::vector<Shown> choices_of(const Explanation& explanation) {
    std::vector<Shown> choices;
    const bool several = explanation.removals.size() > 1;
    for (const RemovalExplanation& removal : explanation.removals) {
        const bool first = &removal == explanation.removals.data();
        for (const Relevance& relevance : removal.relevance) {
            const bool own = depends_on_removal(relevance.measure);
            if (relevance.measure == RelevanceMeasure::random_order || (!first && !own)) continue;
            const std::string name = relevance_name(relevance.measure);
            choices.push_back({own && several ? fmt::format("{}, {}", name, removal_id(removal.removal)) : name,
                               heats_of(explanation, relevance)});
        }
    }
    for (const RemovalExplanation& removal : explanation.removals) {
        const std::string way = several ? fmt::format(", {}", removal_id(removal.removal)) : "";
        const auto add = [&](const char* name, const TokenSets& sets) {
            if (sets.smallest) choices.push_back({name + way, heats_of_set(explanation, sets)});
        };
        add("necessary", removal.necessary);
        add("sufficient", removal.sufficient);
    }
    return choices;
}

class RelevanceFigure {
public:
    RelevanceFigure(const Explanation& explanation, const std::string& id)
        : explanation_(explanation), input_(explanation.input), id_(id), choices_(choices_of(explanation)) {}

    std::string html() {
        add("<figure class=\"relevance\" id=\"{}\">\n", id_);
        if (!choices_.empty()) choices();
        input_.image ? image() : tokens();
        return std::move(html_) + "</figure>\n";
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    void choices() {
        html_ += "<fieldset class=\"switch\"><legend>Coloured by</legend>\n";
        for (size_t i = 0; i < choices_.size(); ++i) {
            add("<label><input type=\"radio\" name=\"{}-by\"{} data-heats=\"{}\"/>{}</label>\n", id_,
                i == 0 ? " checked" : "", fmt::join(choices_[i].heats, " "), escape_html(choices_[i].name));
        }
        html_ += "</fieldset>\n";
    }

    std::string colour(size_t unit) const {
        const int heat = choices_.empty() ? 0 : choices_.front().heats[unit];
        return fmt::format("class=\"{}\" style=\"--heat:{:.2f}\"", heat >= 0 ? "for" : "against",
                           std::abs(heat) / 100.0);
    }

    void tokens() {
        html_ += "<p class=\"words units\">";
        for (size_t i = 0; i < input_.units.size(); ++i) {
            const ExplainedUnit& unit = input_.units[i];
            add("<span {}{}>{}</span> ", colour(i), unit.fixed ? " data-fixed=\"\"" : "",
                escape_html(unit_label(unit.name)));
        }
        html_ += "</p>\n";
    }

    void image() {
        const ExplainedImage& image = *input_.image;
        const Picture picture = make_picture(image.pixels, image.shape);
        const size_t patches = static_cast<size_t>(image.patch_rows * image.patch_columns);
        const size_t before = input_.units.size() - patches;
        if (before > 0) html_ += "<p class=\"words units\">";
        for (size_t i = 0; i < before; ++i) add("<span {}>{}</span> ", colour(i), escape_html(input_.units[i].name));
        if (before > 0) html_ += "</p>\n";
        add("<div class=\"pictures\"><img src=\"{0}\" alt=\"{1}\" style=\"aspect-ratio:{2}/{3}\"/>\n<div "
            "class=\"patches "
            "units\" role=\"img\" aria-label=\"patches of {1}\" style=\"background-image:url({0});aspect-ratio:{2}/{3};"
            "grid-template-columns:repeat({4},1fr)\">",
            picture.url, escape_html(input_.place), picture.width, picture.height, image.patch_columns);
        for (size_t i = before; i < input_.units.size(); ++i)
            add("<i {} title=\"{}\"></i>", colour(i), escape_html(input_.units[i].name));
        html_ += "</div></div>\n";
    }

    const Explanation& explanation_;
    const ExplainedInput& input_;
    const std::string& id_;
    std::vector<Shown> choices_;
    std::string html_;
};

}  // namespace

std::string relevance_figure(const Explanation& explanation, const std::string& id) {
    return RelevanceFigure(explanation, id).html();
}

std::string_view relevance_style() {
    return R"css(
.relevance { margin: 1rem 0; }
.switch { display: flex; flex-wrap: wrap; gap: 0.15rem 1rem; margin: 0 0 0.75rem; padding: 0.4rem 0.8rem 0.5rem;
  border: 1px solid var(--rule); border-radius: 6px; font-size: 0.85rem; }
.switch legend { padding: 0 0.3rem; color: var(--muted); }
.switch label { display: inline-flex; align-items: center; gap: 0.35rem; cursor: pointer; }
.switch input { margin: 0; accent-color: var(--training); }
.relevance .words { max-width: 52rem; margin: 0; line-height: 1.75; overflow-wrap: anywhere; }
.words [data-fixed] { color: var(--muted); font-size: 0.85em; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; margin-top: 0.5rem; }
.pictures > * { width: 14rem; max-width: 100%; image-rendering: pixelated; background-size: 100% 100%; }
.patches { display: grid; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.patches .for { background: rgb(255 96 0 / calc(0.85 * var(--heat))); }
.patches .against { background: rgb(40 120 255 / calc(0.85 * var(--heat))); }
)css";
}

std::string_view relevance_script() {
    return R"js(
for (const figure of document.querySelectorAll(".relevance")) {
  const units = figure.querySelectorAll(".units > *");
  figure.addEventListener("change", (event) => {
    if (!event.target.dataset.heats) return;
    event.target.dataset.heats.split(" ").forEach((heat, i) => {
      units[i].className = heat < 0 ? "against" : "for";
      units[i].style.setProperty("--heat", Math.abs(heat) / 100);
    });
  });
}
)js";
}

}  // namespace heed
