#pragma once

#include <cstdint>
#include <vector>

namespace heed {

/// One measured value and how much it counts in a mean.
struct Sample {
    double x = 0.0;
    double value = 0.0;
    double weight = 1.0;
};

/// A point of a curve; y is NaN where the curve has a gap.
struct Point {
    double x = 0.0;
    double y = 0.0;
};

/// At most `most` points, each the weighted mean of as many neighbouring samples. Values that are not finite, or too
/// large to draw, are left out; a point of which nothing is left is a gap.
std::vector<Point> thin(const std::vector<Sample>& samples, int64_t most);

/// Centred moving mean over 2 * half_window + 1 points; gaps stay gaps.
std::vector<Point> smooth(const std::vector<Point>& points, int64_t half_window);

/// The values without the gaps, ascending.
std::vector<double> sorted_values(const std::vector<Point>& points);

}  // namespace heed
