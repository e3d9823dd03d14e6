#include "heed/trainers/benchmark/efficiency_length.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr double least_r2 = 0.98;
constexpr double rounding = 1e-9;  // of the coefficients of exact curves

/// A polynomial in length / scale, which keeps the equations well conditioned.
struct CostFit {
    Eigen::VectorXd coefficients;  ///< of powers 0, 1, ...
    double r2 = std::numeric_limits<double>::quiet_NaN();

    bool defined() const { return coefficients.size() > 0; }
};

CostFit cost_fit(std::span<const CostPoint> points, int degree, double scale) {
    CostFit fit;
    const auto count = static_cast<Eigen::Index>(points.size());
    if (count <= degree) return fit;
    Eigen::MatrixXd powers(count, degree + 1);
    Eigen::VectorXd costs(count);
    for (Eigen::Index i = 0; i < count; ++i) {
        const CostPoint& point = points[static_cast<size_t>(i)];
        double power = 1.0;
        for (int exponent = 0; exponent <= degree; ++exponent) {
            powers(i, exponent) = power;
            power *= point.length / scale;
        }
        costs(i) = point.cost;
    }
    const Eigen::MatrixXd squares = powers.transpose() * powers;
    const Eigen::VectorXd products = powers.transpose() * costs;
    fit.coefficients = squares.ldlt().solve(products);
    const double rest = (costs - powers * fit.coefficients).squaredNorm();
    const double all = (costs.array() - costs.mean()).matrix().squaredNorm();
    fit.r2 = all > 0.0 ? 1.0 - rest / all : 1.0;
    return fit;
}

/// Joined with those before.
void warn(EfficiencyLength& result, const std::string& warning) {
    result.warning += (result.warning.empty() ? "" : "; ") + warning;
}

}  // namespace

EfficiencyLength efficiency_length(std::span<const CostPoint> sdpa, std::span<const CostPoint> type,
                                   bool without_smallest) {
    if (without_smallest && !type.empty()) type = type.subspan(1);
    EfficiencyLength result;
    const double scale = sdpa.empty() ? 1.0 : sdpa.back().length;
    const CostFit parabola = cost_fit(sdpa, 2, scale), line = cost_fit(type, 1, scale);
    result.parabola_r2 = parabola.r2;
    result.line_r2 = line.r2;
    if (!parabola.defined() || !line.defined()) {
        warn(result, "too few lengths for a fit");
        return result;
    }
    const double a = parabola.coefficients(2), b = parabola.coefficients(1) - line.coefficients(1),
                 c = parabola.coefficients(0) - line.coefficients(0);
    const double discriminant = b * b - 4.0 * a * c;
    const double root = (-b + std::sqrt(discriminant)) / (2.0 * a);
    const double highest = sdpa.back().cost;  // a is what the parabola's square adds at that length
    if (!(a > rounding * std::abs(highest))) {
        warn(result, "the costs of sdpa do not curve upwards");
    } else if (!(discriminant >= 0.0) || !(root > 0.0)) {
        warn(result, "the fitted line lies below the parabola at every length");
    } else {
        result.length = root * scale;
        const double last = std::max(sdpa.back().length, type.back().length);
        const double first = std::min(sdpa.front().length, type.front().length);
        if (*result.length < first || *result.length > last) warn(result, "outside of the measured lengths");
    }
    if (sdpa.size() < 4 || type.size() < 3) {
        warn(result, "too few lengths for R² to tell");
    } else if (!(parabola.r2 > least_r2) || !(line.r2 > least_r2)) {
        warn(result, fmt::format("an R² is not above {}", least_r2));
    }
    return result;
}

MeasuredCrossing measured_crossing(std::span<const CostPoint> sdpa, std::span<const CostPoint> type) {
    struct Common {
        double length, gain;  ///< logarithm of sdpa's cost over the type's
    };
    std::vector<Common> common;
    for (const CostPoint& point : type) {
        const auto same =
            std::find_if(sdpa.begin(), sdpa.end(), [&](const CostPoint& each) { return each.length == point.length; });
        if (same != sdpa.end()) common.push_back({point.length, std::log(same->cost / point.cost)});
    }
    MeasuredCrossing crossing;
    if (common.size() < 2) return crossing;
    crossing.first = common.front().length;
    crossing.last = common.back().length;
    size_t from = common.size();  // the type is cheaper from here to the end
    while (from > 0 && common[from - 1].gain > 0.0) --from;
    if (from == common.size()) {
        crossing.kind = MeasuredCrossing::Kind::never_cheaper;
    } else if (from == 0) {
        crossing.kind = MeasuredCrossing::Kind::always_cheaper;
    } else {
        const Common &before = common[from - 1], &after = common[from];
        const double share = before.gain / (before.gain - after.gain);
        crossing.kind = MeasuredCrossing::Kind::at_length;
        crossing.length = before.length * std::pow(after.length / before.length, share);
    }
    return crossing;
}

const char* crossing_key(MeasuredCrossing::Kind kind) {
    switch (kind) {
        case MeasuredCrossing::Kind::at_length:
            return "at_length";
        case MeasuredCrossing::Kind::always_cheaper:
            return "always_cheaper";
        case MeasuredCrossing::Kind::never_cheaper:
            return "never_cheaper";
        case MeasuredCrossing::Kind::unknown:
            break;
    }
    return "unknown";
}

std::string crossing_text(const MeasuredCrossing& crossing) {
    switch (crossing.kind) {
        case MeasuredCrossing::Kind::at_length:
            return group_digits(std::llround(crossing.length));
        case MeasuredCrossing::Kind::always_cheaper:
            return fmt::format("none: cheaper from {} on", group_digits(std::llround(crossing.first)));
        case MeasuredCrossing::Kind::never_cheaper:
            return fmt::format("none: dearer at {}", group_digits(std::llround(crossing.last)));
        case MeasuredCrossing::Kind::unknown:
            break;
    }
    return "not known";
}

}  // namespace heed
