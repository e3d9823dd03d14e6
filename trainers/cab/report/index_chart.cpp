#include "heed/trainers/cab/report/index_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "heed/trainers/cab/report/benchmark_report.h"
#include "heed/trainers/report/charts/axis.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

// In units of the viewBox.
constexpr double index_width = 480.0, row_height = 22.0, names_width = 150.0, index_right = 16.0, index_bottom = 28.0;
constexpr int index_ticks = 5;

/// The range that marks need, and half of it more on either side for the spread of seeds. Intervals may be many times
/// as wide (of two seeds, say) and are cut off at the edge.
Axis index_axis(const Leaderboard& board) {
    double least = 0.0, most = 0.0;
    for (const PatternIndex& type : board.types) {
        if (!type.index) continue;
        least = std::min(least, *type.index);
        most = std::max(most, *type.index);
    }
    double low = least, high = most;
    for (const PatternIndex& type : board.types) {
        if (!type.index || type.seeds.count < 2) continue;
        const double spread = std::min(2.0 * type.seeds.deviation, 0.5 * (most - least));
        low = std::min(low, *type.index - spread);
        high = std::max(high, *type.index + spread);
    }
    return rounded_axis(low, high, index_ticks);
}

}  // namespace

std::string index_chart(const Leaderboard& board, const std::string& baseline) {
    const auto rows = std::count_if(board.types.begin(), board.types.end(), [](const auto& e) { return e.index; });
    if (rows == 0) return "";
    const auto spreads =
        std::count_if(board.types.begin(), board.types.end(), [](const auto& e) { return e.interval; });
    const Axis axis = index_axis(board);
    const double bottom = row_height * static_cast<double>(rows), plot = index_width - names_width - index_right;
    const auto x_of = [&](double value) { return names_width + std::clamp(axis.position(value), 0.0, 1.0) * plot; };
    std::string html = fmt::format(
        "<figure class=\"chart\">\n<figcaption><strong>{}</strong> <span class=\"unit\">{}</span></figcaption>\n<svg "
        "viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Index of {}\">\n",
        escape_html(pattern_title(board.pattern)), spreads == 0 ? "index" : "index, with its 95 % interval over seeds",
        index_width, bottom + index_bottom, escape_html(pattern_title(board.pattern)));
    const auto add = [&]<class... Values>(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html), format, std::forward<Values>(values)...);
    };
    for (const Tick& tick : axis.ticks) {
        add("<line class=\"{0}\" x1=\"{1:.1f}\" x2=\"{1:.1f}\" y1=\"0\" y2=\"{2}\"/>"
            "<text x=\"{1:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>\n",
            tick.value == 0.0 ? "axis" : "grid", x_of(tick.value), bottom, bottom + 18.0, tick.label);
    }
    double y = 0.5 * row_height;
    for (const PatternIndex& type : board.types) {
        if (!type.index) continue;
        add("<text x=\"{}\" y=\"{}\" dy=\"0.35em\" text-anchor=\"end\">{}</text>\n", names_width - 8.0, y,
            escape_html(type.type));
        if (type.interval) {
            add("<line class=\"spread\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/>\n", x_of(type.interval->low),
                x_of(type.interval->high), y, y);
            // Where the interval goes on beyond the picture.
            const auto arrow = [&](double edge, double tip) {
                add("<path class=\"beyond\" d=\"M{:.1f} {} L{:.1f} {} L{:.1f} {} Z\"/>\n", edge, y - 5.0, tip, y, edge,
                    y + 5.0);
            };
            if (type.interval->low < axis.low) arrow(names_width, names_width - 6.0);
            if (type.interval->high > axis.high) arrow(names_width + plot, names_width + plot + 6.0);
        }
        add("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{}\" r=\"4.5\"><title>{}: {:+.3f}</title></circle>\n",
            type.type == baseline ? "index base" : "index", x_of(*type.index), y, escape_html(type.type), *type.index);
        y += row_height;
    }
    return html + "</svg>\n</figure>\n";
}

std::string_view index_chart_style() {
    return R"css(
.spread { stroke: var(--training); stroke-width: 3; stroke-linecap: round; opacity: 0.4; }
.beyond { fill: var(--training); opacity: 0.6; }
.index { fill: var(--training); } .index.base { fill: var(--validation); }
)css";
}

}  // namespace heed
