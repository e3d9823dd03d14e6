#include "heed/trainers/explanation/removal_curves.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "heed/core/error.h"

namespace heed {

namespace {

double mean_of_shares(std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

MeanOverInputs mean_over(const std::vector<double>& values) {
    constexpr double confidence = 0.95;
    return {std::ssize(values), summary_of(values).mean, mean_interval(values, confidence)};
}

}  // namespace

int64_t tokens_of_share(double share, int64_t tokens) {
    // A product that is a whole number but for rounding is that number.
    return static_cast<int64_t>(std::ceil(share * static_cast<double>(tokens) - 1e-9));
}

double RemovalCurve::comprehensiveness_area() const {
    return mean_of_shares(comprehensiveness);
}

double RemovalCurve::sufficiency_area() const {
    return mean_of_shares(sufficiency);
}

std::vector<RemovalCurve> removal_curves(double whole, std::span<const TokenOrder> orders,
                                         const VariantProbabilities& probabilities) {
    std::vector<KeptTokens> variants;
    for (const TokenOrder& order : orders) {
        for (const double share : removal_shares) {
            const int64_t count = tokens_of_share(share, std::ssize(order.tokens));
            KeptTokens without(order.tokens.size(), 1), alone(order.tokens.size(), 0);
            for (int64_t i = 0; i < count; ++i) {
                const auto token = static_cast<size_t>(order.tokens[static_cast<size_t>(i)]);
                without[token] = 0;
                alone[token] = 1;
            }
            variants.push_back(std::move(without));
            variants.push_back(std::move(alone));
        }
    }
    const std::vector<double> answers = probabilities(variants);
    std::vector<RemovalCurve> curves(orders.size());
    size_t at = 0;
    for (RemovalCurve& curve : curves) {
        for (size_t share = 0; share < removal_shares.size(); ++share) {
            curve.comprehensiveness[share] = whole - answers[at++];
            curve.sufficiency[share] = whole - answers[at++];
        }
    }
    return curves;
}

std::vector<OrderScore> mean_scores(const std::vector<std::vector<OrderScore>>& parts) {
    std::vector<OrderScore> means(parts.front().size());
    const auto count = static_cast<double>(parts.size());
    for (size_t measure = 0; measure < means.size(); ++measure) {
        OrderScore& mean = means[measure];
        std::vector<double> necessary, sufficient;
        for (const std::vector<OrderScore>& part : parts) {
            const OrderScore& own = part[measure];
            for (size_t share = 0; share < removal_shares.size(); ++share) {
                mean.curve.comprehensiveness[share] += own.curve.comprehensiveness[share] / count;
                mean.curve.sufficiency[share] += own.curve.sufficiency[share] / count;
            }
            if (own.necessary) necessary.push_back(*own.necessary);
            if (own.sufficient) sufficient.push_back(*own.sufficient);
        }
        if (!necessary.empty()) mean.necessary = summary_of(necessary).mean;
        if (!sufficient.empty()) mean.sufficient = summary_of(sufficient).mean;
    }
    return means;
}

MeasureTable::MeasureTable(std::vector<std::string> measures, std::optional<size_t> raw)
    : measures_(std::move(measures)), raw_(raw) {}

void MeasureTable::add(const std::vector<OrderScore>& scores) {
    if (scores.size() != measures_.size()) throw Error("an input has other measures than those of the table");
    inputs_.push_back(scores);
}

ComparedMean MeasureTable::compared(size_t measure, const Value& value) const {
    std::vector<double> own, differences;
    for (const std::vector<OrderScore>& scores : inputs_) {
        const std::optional<double> number = value(scores[measure]);
        if (!number) continue;
        own.push_back(*number);
        if (!raw_ || *raw_ == measure) continue;
        if (const std::optional<double> raw = value(scores[*raw_])) differences.push_back(*number - *raw);
    }
    ComparedMean result = {mean_over(own), std::nullopt};
    if (!differences.empty()) result.above_raw = mean_over(differences);
    return result;
}

std::vector<MeasureResult> MeasureTable::results() const {
    std::vector<MeasureResult> results;
    for (size_t i = 0; i < measures_.size(); ++i) {
        MeasureResult result;
        result.measure = measures_[i];
        for (size_t share = 0; share < removal_shares.size(); ++share) {
            result.comprehensiveness[share] =
                compared(i, [&](const OrderScore& score) { return score.curve.comprehensiveness[share]; });
            result.sufficiency[share] =
                compared(i, [&](const OrderScore& score) { return score.curve.sufficiency[share]; });
        }
        result.comprehensiveness_area =
            compared(i, [](const OrderScore& score) { return score.curve.comprehensiveness_area(); });
        result.sufficiency_area = compared(i, [](const OrderScore& score) { return score.curve.sufficiency_area(); });
        result.necessary = compared(i, [](const OrderScore& score) { return score.necessary; });
        result.sufficient = compared(i, [](const OrderScore& score) { return score.sufficient; });
        results.push_back(std::move(result));
    }
    return results;
}

}  // namespace heed
