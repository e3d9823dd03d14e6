#include "heed/trainers/cab/pattern_correlation.h"

#include <cmath>

namespace heed {

namespace {

constexpr size_t least_points = 3;
constexpr double normal_975 = 1.959963984540054;  // quantile of the normal distribution

std::optional<double> pearson(const std::vector<double>& x, const std::vector<double>& y) {
    if (x.size() < least_points) return std::nullopt;
    const double mean_x = summary_of(x).mean, mean_y = summary_of(y).mean;
    double xy = 0.0, xx = 0.0, yy = 0.0;
    for (size_t i = 0; i < x.size(); ++i) {
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
    }
    if (!(xx > 0.0) || !(yy > 0.0)) return std::nullopt;
    return std::fmin(1.0, std::fmax(-1.0, xy / std::sqrt(xx * yy)));
}

std::optional<Interval> fisher_interval(double correlation, size_t points) {
    if (points <= least_points) return std::nullopt;
    const double middle = std::atanh(correlation);
    const double reach = normal_975 / std::sqrt(static_cast<double>(points) - 3.0);
    return Interval{std::tanh(middle - reach), std::tanh(middle + reach)};
}

}  // namespace

std::vector<PatternCorrelation> pattern_correlations(const std::vector<Leaderboard>& boards) {
    std::vector<PatternCorrelation> all;
    for (size_t i = 0; i < boards.size(); ++i) {
        for (size_t j = i + 1; j < boards.size(); ++j) {
            PatternCorrelation& each = all.emplace_back();
            each.first = boards[i].pattern;
            each.second = boards[j].pattern;
            std::vector<double> x, y;
            for (const PatternIndex& index : boards[i].types) {
                const std::optional<double>& other = boards[j].of(index.type).index;
                if (!index.index || !other) continue;
                each.types.push_back(index.type);
                x.push_back(*index.index);
                y.push_back(*other);
            }
            each.pearson = pearson(x, y);
            if (each.pearson) each.interval = fisher_interval(*each.pearson, x.size());
        }
    }
    return all;
}

}  // namespace heed
