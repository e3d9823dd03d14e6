#include "heed/trainers/report/charts/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "heed/trainers/report/text.h"

namespace heed {

namespace {

// In units of the viewBox; the style sheet chooses the size of the letters so that they fit the margins.
constexpr double chart_width = 480.0, chart_height = 280.0;
constexpr double least_left = 62.0, right = 24.0, top = 12.0, bottom = 52.0;
constexpr double character_width = 7.0, label_gap = 8.0;
constexpr size_t most_marks = 60;

class Drawing {
public:
    explicit Drawing(const Chart& chart) : chart_(chart), left_(left_of(chart)) {}

    std::string html() {
        add("<figure class=\"chart\">\n<figcaption><strong>{}</strong> <span class=\"unit\">{}</span>",
            escape_html(chart_.title), escape_html(chart_.unit));
        legend();
        add("</figcaption>\n<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} over {}\" data-frame=\"{} {} {} "
            "{}\" data-x=\"{} {}\" data-y=\"{} {}\" data-log=\"{:d}\" data-suffix=\"{}\" data-logx=\"{:d}\" "
            "data-pointer=\"{}\">\n",
            chart_width, chart_height, escape_html(chart_.title), escape_html(chart_.steps_label), left_, top,
            chart_width - right, chart_height - bottom, chart_.steps.low, chart_.steps.high, chart_.values.low,
            chart_.values.high, chart_.values.logarithmic, escape_html(chart_.suffix), chart_.steps.logarithmic,
            escape_html(chart_.pointer_label));
        grid();
        // A nested svg cuts off what lies outside, without ids that would have to differ between charts.
        constexpr double room = 7.0;  // for marks on the edge
        add("<svg x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{3}\" viewBox=\"{0} {1} {2} {3}\">\n", left_ - room,
            top - room, plot_width() + 2 * room, plot_height() + room + 1);
        for (const double step : chart_.resumes) {
            add("<line class=\"resume\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>\n", x_of(step), top,
                chart_height - bottom);
        }
        for (const ChartSeries& series : chart_.series) draw_band(series);
        for (const ChartSeries& series : chart_.series) draw(series);
        add("</svg>\n</svg>\n</figure>\n");
        return std::move(html_);
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    /// The margin that the longest label of the values needs.
    static double left_of(const Chart& chart) {
        size_t longest = 0;
        for (const Tick& tick : chart.values.ticks) longest = std::max(longest, tick.label.size());
        const auto characters = static_cast<double>(longest + chart.suffix.size());
        return std::max(least_left, label_gap + character_width * characters);
    }

    double plot_width() const { return chart_width - left_ - right; }
    static double plot_height() { return chart_height - top - bottom; }
    double x_of(double step) const { return left_ + chart_.steps.position(step) * plot_width(); }
    double y_of(double value) const { return chart_height - bottom - chart_.values.position(value) * plot_height(); }

    void legend() {
        add("<span class=\"legend\">");
        for (const ChartSeries& series : chart_.series) {
            if (series.stroke == Stroke::faint || series.name.empty()) continue;
            add("<span class=\"key {} {}\">{}</span>", series.stroke == Stroke::diamond ? "mark" : "stroke",
                series.colour, escape_html(series.name));
        }
        if (!chart_.resumes.empty()) add("<span class=\"key resumed\">resumed</span>");
        add("</span>");
    }

    void grid() {
        for (const Tick& tick : chart_.values.ticks) {
            const double y = y_of(tick.value);
            add("<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
                "<text x=\"{}\" y=\"{:.1f}\" dy=\"0.35em\" text-anchor=\"end\">{}{}</text>\n",
                left_, chart_width - right, y, y, left_ - label_gap, y, tick.label, escape_html(chart_.suffix));
        }
        for (const Tick& tick : chart_.steps.ticks) {
            const double x = x_of(tick.value);
            add("<line class=\"tick\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
                "<text x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>\n",
                x, chart_height - bottom, chart_height - bottom + 5, chart_height - bottom + 20, tick.label);
        }
        add("<line class=\"axis\" x1=\"{0}\" x2=\"{1}\" y1=\"{2}\" y2=\"{2}\"/>"
            "<text class=\"name\" x=\"{3}\" y=\"{4}\" text-anchor=\"middle\">{5}</text>\n",
            left_, chart_width - right, chart_height - bottom, left_ + 0.5 * plot_width(), chart_height - 10,
            escape_html(chart_.steps_label));
    }

    void draw_band(const ChartSeries& series) {
        if (series.band.empty()) return;
        add("<g class=\"{} band\"><polygon points=\"", series.colour);
        for (const Point& point : series.band) add("{:.1f},{:.1f} ", x_of(point.x), y_of(point.y));
        add("\"/></g>\n");
    }

    void draw(const ChartSeries& series) {
        add("<g class=\"{} {}\" data-name=\"{}\">\n", series.colour, stroke_class(series.stroke),
            escape_html(series.name));
        if (series.stroke != Stroke::diamond) lines(series.points);
        const bool marks = series.stroke == Stroke::marked && series.points.size() <= most_marks;
        for (const Point& point : series.points) {
            const double x = x_of(point.x), y = y_of(point.y);
            if (!std::isfinite(y)) continue;
            if (series.stroke == Stroke::diamond) {
                add("<path d=\"M{:.1f},{:.1f}l6,6l-6,6l-6,-6z\" data-at=\"{:.1f},{:.1f}\"/>\n", x, y - 6, x, y);
            } else if (marks) {
                add("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", x, y);
            }
        }
        add("</g>\n");
    }

    static const char* stroke_class(Stroke stroke) {
        switch (stroke) {
            case Stroke::faint:
                return "faint";
            case Stroke::solid:
                return "solid";
            case Stroke::marked:
                return "marked";
            case Stroke::diamond:
                return "diamond";
        }
        return "";
    }

    /// One line for each run of points between gaps; a point alone is a dot.
    void lines(const std::vector<Point>& points) {
        for (size_t begin = 0; begin < points.size();) {
            if (!std::isfinite(y_of(points[begin].y))) {
                ++begin;
                continue;
            }
            size_t end = begin;
            while (end < points.size() && std::isfinite(y_of(points[end].y))) ++end;
            if (end - begin == 1) {
                add("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\"/>\n", x_of(points[begin].x), y_of(points[begin].y));
            } else {
                add("<polyline points=\"");
                for (size_t i = begin; i < end; ++i) {
                    add("{}{:.1f},{:.1f}", i == begin ? "" : " ", x_of(points[i].x), y_of(points[i].y));
                }
                add("\"/>\n");
            }
            begin = end;
        }
    }

    const Chart& chart_;
    double left_;
    std::string html_;
};

}  // namespace

std::string chart_html(const Chart& chart) {
    return Drawing(chart).html();
}

}  // namespace heed
