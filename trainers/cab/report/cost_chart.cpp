#include "heed/trainers/cab/report/cost_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/report/charts/axis.h"
#include "heed/trainers/report/charts/label_places.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

// In units of the viewBox. Names have room for the letters of narrow pages, which are the largest.
constexpr double cost_width = 480.0, cost_height = 360.0;
constexpr double cost_left = 56.0, cost_right = 12.0, cost_top = 10.0, cost_bottom = 50.0;  // margins
constexpr double mark_radius = 5.0, name_character = 8.2, name_height = 17.0;
constexpr int cost_index_ticks = 6;

struct CostPointOfType {
    std::string type;
    double relative = 1.0;  ///< time
    double index = 0.0;
};

std::vector<CostPointOfType> points_with_both(const PatternCosts& costs, const Leaderboard& board) {
    std::vector<CostPointOfType> points;
    for (const PatternIndex& type : board.types) {
        const std::optional<double>& relative = costs.of(type.type).of(AttentionCost::total_time).relative;
        if (type.index && relative) points.push_back({type.type, *relative, *type.index});
    }
    return points;
}

/// Of those than which no other is both as fast and as good, from the fastest on.
std::vector<CostPointOfType> front_of(std::vector<CostPointOfType> points) {
    std::sort(points.begin(), points.end(), [](const CostPointOfType& a, const CostPointOfType& b) {
        return a.relative < b.relative || (a.relative == b.relative && a.index > b.index);
    });
    std::vector<CostPointOfType> front;
    for (const CostPointOfType& point : points) {
        if (front.empty() || point.index > front.back().index) front.push_back(point);
    }
    return front;
}

class CostChart {
public:
    CostChart(const BenchmarkReport& report, const Leaderboard& board, std::vector<CostPointOfType> points)
        : report_(report), board_(board), points_(std::move(points)) {
        double least = 1.0, most = 1.0, low = 0.0, high = 0.0;
        for (const CostPointOfType& point : points_) {
            least = std::min(least, point.relative);
            most = std::max(most, point.relative);
            low = std::min(low, point.index);
            high = std::max(high, point.index);
        }
        times_ = logarithmic_axis(least, most);
        indices_ = rounded_axis(low, high, cost_index_ticks);
    }

    std::string html() {
        const std::string length = group_digits(report_.costs_of(board_.pattern).length(AttentionCost::total_time));
        const std::string& baseline = report_.benchmark.baseline;
        const std::string title = fmt::format("Index over time at {} tokens", length);
        add("<figure class=\"chart\">\n<figcaption><strong>{}</strong> <span class=\"unit\">forward and backward; up "
            "and "
            "to the left is better</span></figcaption>\n<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}, "
            "{}\">\n",
            title, cost_width, cost_height, title, escape_html(pattern_title(board_.pattern)));
        axes(fmt::format("time, {} = 1", baseline));
        front();
        marks();
        add("</svg>\n</figure>\n");
        missing();
        return std::move(html_);
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    double x_of(double relative) const {
        return cost_left + times_.position(relative) * (cost_width - cost_left - cost_right);
    }
    double y_of(double index) const {
        return cost_height - cost_bottom - indices_.position(index) * (cost_height - cost_top - cost_bottom);
    }

    void axes(const std::string& label) {
        for (const Tick& tick : indices_.ticks) {
            add("<line class=\"{}\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text x=\"{}\" y=\"{:.1f}\" "
                "dy=\"0.35em\" text-anchor=\"end\">{}</text>\n",
                tick.value == 0.0 ? "axis" : "grid", cost_left, cost_width - cost_right, y_of(tick.value),
                y_of(tick.value), cost_left - 8.0, y_of(tick.value), tick.label);
        }
        for (const Tick& tick : times_.ticks) {
            add("<line class=\"{}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/><text x=\"{:.1f}\" y=\"{}\" "
                "text-anchor=\"middle\">{}</text>\n",
                tick.value == 1.0 ? "axis" : "grid", x_of(tick.value), x_of(tick.value), cost_top,
                cost_height - cost_bottom, x_of(tick.value), cost_height - cost_bottom + 18.0, tick.label);
        }
        add("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", 0.5 * (cost_left + cost_width - cost_right),
            cost_height - 10.0, escape_html(label));
    }

    void front() {
        const std::vector<CostPointOfType> front = front_of(points_);
        if (front.size() < 2) return;
        add("<polyline class=\"front\" points=\"");
        for (const CostPointOfType& point : front) add("{:.1f},{:.1f} ", x_of(point.relative), y_of(point.index));
        add("\"/>\n");
    }

    void marks() {
        std::vector<NamedMark> named;
        for (const CostPointOfType& point : points_) {
            named.push_back(
                {x_of(point.relative), y_of(point.index), name_character * static_cast<double>(point.type.size())});
        }
        const PictureBox area = {cost_left, 0.0, cost_width, cost_height - cost_bottom};
        const std::vector<LabelPlace> places = label_places(named, area, mark_radius, name_height);
        for (size_t i = 0; i < points_.size(); ++i) {
            if (!places[i].apart) continue;
            add("<line class=\"leader\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", named[i].x,
                named[i].y, places[i].x, places[i].y);
        }
        for (size_t i = 0; i < points_.size(); ++i) {
            const CostPointOfType& point = points_[i];
            const std::string name = escape_html(point.type);
            add("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{}: index {:+.3f}, time "
                "{:.3g}</title></circle><text class=\"mark-name\" x=\"{:.1f}\" y=\"{:.1f}\" dy=\"0.35em\" "
                "text-anchor=\"{}\">{}</text>\n",
                point.type == report_.benchmark.baseline ? "index base" : "index", named[i].x, named[i].y, mark_radius,
                name, point.index, point.relative, places[i].x, places[i].y, places[i].on_the_left ? "end" : "start",
                name);
        }
    }

    /// Types that are not in the picture for want of an index; the page tells of those without costs.
    void missing() {
        std::vector<std::string> names;
        for (const PatternIndex& type : board_.types) {
            if (!type.index && !report_.costs_of(board_.pattern).of(type.type).is_empty()) names.push_back(type.type);
        }
        if (names.empty()) return;
        add("<p class=\"note\">Not in the picture, as without an index: {}.</p>\n", escape_html(listed(names)));
    }

    const BenchmarkReport& report_;
    const Leaderboard& board_;
    std::vector<CostPointOfType> points_;
    Axis times_, indices_;
    std::string html_;
};

}  // namespace

std::string cost_chart(const BenchmarkReport& report, const Leaderboard& board) {
    std::vector<CostPointOfType> points = points_with_both(report.costs_of(board.pattern), board);
    if (points.empty()) return "";
    return CostChart(report, board, std::move(points)).html();
}

std::string_view cost_chart_style() {
    return R"css(
.chart .mark-name { fill: var(--ink); stroke: var(--paper); stroke-width: 3px; paint-order: stroke; }
.leader { stroke: var(--muted); stroke-width: 0.75; }
.front { fill: none; stroke: var(--training); stroke-width: 1.5; stroke-dasharray: 5 4; opacity: 0.7; }
)css";
}

}  // namespace heed
