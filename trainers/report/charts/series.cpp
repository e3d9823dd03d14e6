#include "heed/trainers/report/charts/series.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "heed/core/error.h"

namespace heed {

namespace {

constexpr double gap = std::numeric_limits<double>::quiet_NaN();

bool drawable(double value) {
    return std::abs(value) < 1e100;
}

}  // namespace

ThinnedSeries::ThinnedSeries(int64_t most_points) : most_points_(static_cast<size_t>(most_points)) {
    if (most_points < 2 || most_points % 2 != 0) throw Error("a thinned series needs an even number of points");
}

void ThinnedSeries::add(double x, double value, double weight) {
    if (sums_.empty() || sums_.back().values == values_a_point_) {
        if (sums_.size() == most_points_) halve();
        sums_.emplace_back();
    }
    Sum& sum = sums_.back();
    sum.x += x;
    ++sum.values;
    if (!drawable(value) || !(weight > 0.0)) return;
    sum.weighted += value * weight;
    sum.weight += weight;
}

void ThinnedSeries::halve() {
    for (size_t i = 0; i < sums_.size() / 2; ++i) {
        const Sum &first = sums_[2 * i], &second = sums_[2 * i + 1];
        sums_[i] = {first.x + second.x, first.weighted + second.weighted, first.weight + second.weight,
                    first.values + second.values};
    }
    sums_.resize(sums_.size() / 2);
    values_a_point_ *= 2;
}

std::vector<Point> ThinnedSeries::points() const {
    std::vector<Point> points;
    for (const Sum& sum : sums_) {
        points.push_back(
            {sum.x / static_cast<double>(sum.values), sum.weight > 0.0 ? sum.weighted / sum.weight : gap, sum.weight});
    }
    return points;
}

std::vector<Point> smooth(const std::vector<Point>& points, int64_t half_window) {
    const auto count = static_cast<int64_t>(points.size());
    std::vector<Point> result = points;
    for (int64_t i = 0; i < count; ++i) {
        if (std::isnan(points[static_cast<size_t>(i)].y)) continue;
        // The steep beginning of a curve would be pulled down by a window that reaches to one side only.
        const int64_t begin = i - std::min(half_window, i);
        const int64_t end = std::min(i + std::min(half_window, i) + 1, count);
        double sum = 0.0, weight = 0.0;
        for (int64_t j = begin; j < end; ++j) {
            const Point& point = points[static_cast<size_t>(j)];
            if (std::isnan(point.y)) continue;
            sum += point.y * point.weight;
            weight += point.weight;
        }
        result[static_cast<size_t>(i)].y = sum / weight;
    }
    return result;
}

std::vector<double> sorted_values(const std::vector<Point>& points) {
    std::vector<double> values;
    for (const Point& point : points) {
        if (!std::isnan(point.y)) values.push_back(point.y);
    }
    std::sort(values.begin(), values.end());
    return values;
}

}  // namespace heed
