#include "heed/trainers/report/charts/series.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace heed {

namespace {

constexpr double gap = std::numeric_limits<double>::quiet_NaN();

bool drawable(double value) {
    return std::abs(value) < 1e100;
}

}  // namespace

std::vector<Point> thin(const std::vector<Sample>& samples, int64_t most) {
    const auto count = static_cast<int64_t>(samples.size());
    const int64_t bucket = std::max<int64_t>(1, (count + most - 1) / most);
    std::vector<Point> points;
    for (int64_t begin = 0; begin < count; begin += bucket) {
        const int64_t end = std::min(begin + bucket, count);
        double x = 0.0, sum = 0.0, weight = 0.0;
        for (int64_t i = begin; i < end; ++i) {
            const Sample& sample = samples[static_cast<size_t>(i)];
            x += sample.x;
            if (!drawable(sample.value) || !(sample.weight > 0.0)) continue;
            sum += sample.value * sample.weight;
            weight += sample.weight;
        }
        points.push_back({x / static_cast<double>(end - begin), weight > 0.0 ? sum / weight : gap});
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
        double sum = 0.0;
        int64_t used = 0;
        for (int64_t j = begin; j < end; ++j) {
            const double y = points[static_cast<size_t>(j)].y;
            if (std::isnan(y)) continue;
            sum += y;
            ++used;
        }
        result[static_cast<size_t>(i)].y = sum / static_cast<double>(used);
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
