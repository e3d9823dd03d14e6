#pragma once

#include <string>
#include <vector>

#include "heed/trainers/report/charts/axis.h"
#include "heed/trainers/report/charts/series.h"

namespace heed {

/// How a series is drawn.
enum class Stroke {
    faint,   ///< thin pale line, not in the legend
    solid,   ///< line
    marked,  ///< line with a round mark at every point, when they are few
    diamond  ///< marks alone
};

struct ChartSeries {
    std::string name;    ///< in the legend
    std::string colour;  ///< "training", "validation" or "test": the classes of the style sheet
    Stroke stroke = Stroke::solid;
    std::vector<Point> points;
    std::vector<Point> band = {};  ///< outline of an area around the line, such as that of its errors; empty: none
};

/// A chart of values over optimizer steps.
struct Chart {
    std::string title;
    std::string unit;    ///< under the title, plain text
    std::string suffix;  ///< behind every value, " %"
    Axis steps;
    Axis values;
    std::vector<ChartSeries> series;
    std::vector<double> resumes;  ///< steps at which the run went on, as dotted lines
    std::string steps_label = "optimizer step";
    std::string pointer_label = "step";  ///< of the value of that axis under the pointer
};

/// A <figure> with title, legend and an inline SVG. What lies outside the axes is cut off.
std::string chart_html(const Chart& chart);

}  // namespace heed
