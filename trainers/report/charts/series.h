#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace heed {

/// A point of a curve; y is NaN where the curve has a gap. `weight` is how much it counts in a mean.
struct Point {
    double x = 0.0;
    double y = 0.0;
    double weight = 1.0;
};

/// A curve of any number of values, of which a bounded number of points is kept: when they are too many, every two
/// neighbours become their weighted mean.
class ThinnedSeries {
public:
    ThinnedSeries() = default;
    /// Throws Error where `most_points`, the greatest number that is kept, is odd or none.
    explicit ThinnedSeries(int64_t most_points);

    /// Values come in the order of the curve. Those that are not finite, or too large to draw, count in no mean.
    void add(double x, double value, double weight = 1.0);

    bool empty() const { return sums_.empty(); }
    /// Values that a point is the mean of; the last one may be of fewer.
    int64_t values_a_point() const { return values_a_point_; }
    /// Weighted means; one of which nothing can be drawn is a gap.
    std::vector<Point> points() const;

private:
    struct Sum {
        double x = 0.0, weighted = 0.0, weight = 0.0;
        int64_t values = 0;
    };

    void halve();

    size_t most_points_ = 600;
    int64_t values_a_point_ = 1;
    std::vector<Sum> sums_;
};

/// Centred moving mean over 2 * half_window + 1 points, weighted as they are; gaps stay gaps.
std::vector<Point> smooth(const std::vector<Point>& points, int64_t half_window);

/// The values without the gaps, ascending.
std::vector<double> sorted_values(const std::vector<Point>& points);

}  // namespace heed
