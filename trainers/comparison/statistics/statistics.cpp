#include "heed/trainers/comparison/statistics/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unsupported/Eigen/SpecialFunctions>

#include "heed/core/error.h"

namespace heed {

double student_probability(double t, double freedom) {
    // Abramowitz and Stegun 26.7.1: P(|T| <= |t|) = 1 - I_x(freedom / 2, 1/2) with x = freedom / (freedom + t^2).
    const double beyond = 0.5 * Eigen::numext::betainc(0.5 * freedom, 0.5, freedom / (freedom + t * t));
    return t > 0.0 ? 1.0 - beyond : beyond;
}

double student_quantile(double probability, double freedom) {
    if (!(probability > 0.0 && probability < 1.0)) throw Error("a quantile needs a probability between 0 and 1");
    // Below one half, where the probability has all its digits; the distribution is symmetric.
    const double tail = std::min(probability, 1.0 - probability);
    double low = -1.0, high = 0.0;
    while (student_probability(low, freedom) > tail && std::isfinite(low)) low *= 2.0;
    while (true) {
        const double middle = 0.5 * (low + high);
        if (middle == low || middle == high) break;
        (student_probability(middle, freedom) < tail ? low : high) = middle;
    }
    return probability < 0.5 ? low : -low;
}

Summary summary_of(std::span<const double> values) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    Summary summary = {static_cast<int64_t>(values.size()), none, none};
    if (values.empty()) return summary;
    const auto count = static_cast<double>(values.size());
    double sum = 0.0, squares = 0.0;
    for (const double value : values) sum += value;
    summary.mean = sum / count;
    for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
    if (values.size() > 1) summary.deviation = std::sqrt(squares / (count - 1.0));
    return summary;
}

std::optional<Interval> mean_interval(std::span<const double> values, double confidence) {
    const Summary summary = summary_of(values);
    if (summary.count < 2) return std::nullopt;
    const auto count = static_cast<double>(summary.count);
    const double reach = student_quantile(0.5 + 0.5 * confidence, count - 1.0) * summary.deviation / std::sqrt(count);
    return Interval{summary.mean - reach, summary.mean + reach};
}

}  // namespace heed
