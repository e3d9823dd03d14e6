#include "heed/trainers/comparison/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace heed {

namespace {

constexpr double error_rate = 0.05;

const Contender* find_contender(const Comparison& comparison, const std::string& name) {
    for (const Contender& contender : comparison.contenders) {
        if (contender.name == name) return &contender;
    }
    return nullptr;
}

/// Calls `use` with the runs of both that have the same seed.
template <class Use>
void for_each_pair(const Contender& contender, const Contender& other, const Use& use) {
    for (const RunResult& run : contender.runs) {
        const auto same = std::find_if(other.runs.begin(), other.runs.end(),
                                       [&](const RunResult& each) { return each.seed == run.seed; });
        if (same != other.runs.end()) use(run, *same);
    }
}

std::vector<double> paired_gains(const Comparison& comparison, const Contender& contender, const Contender& other) {
    std::vector<double> gains;
    for_each_pair(contender, other, [&](const RunResult& run, const RunResult& of_other) {
        const auto value = comparison.metric.of(run), base = comparison.metric.of(of_other);
        if (value && base) gains.push_back(comparison.metric.gain(*value, *base));
    });
    return gains;
}

void summarise(Comparison& comparison, Contender& contender) {
    std::vector<double> values;
    for (const RunResult& run : contender.runs) {
        if (const auto value = comparison.metric.of(run)) values.push_back(*value);
    }
    contender.quality = summary_of(values);
    contender.paired_seeds.clear();
    for_each_pair(contender, comparison.base(),
                  [&](const RunResult& run, const RunResult&) { contender.paired_seeds.push_back(run.seed); });
    const std::vector<double> gains = paired_gains(comparison, contender, comparison.base());
    contender.gain = summary_of(gains);
    contender.gain_interval = mean_interval(gains, comparison.confidence);
}

/// Gives the metric so many decimals that no error, and no deviation of one, is shown as 0 (up to a millionth).
void show_small_errors(Comparison& comparison) {
    constexpr int most_decimals = 6;
    QualityMetric& metric = comparison.metric;
    if (!metric.less_is_better) return;
    for (const Contender& contender : comparison.contenders) {
        for (const double value : {contender.quality.mean, contender.quality.deviation}) {
            if (!(value > 0.0) || !std::isfinite(value)) continue;
            const int first_digit = -static_cast<int>(std::floor(std::log10(value)));
            metric.decimals = std::clamp(first_digit, metric.decimals, most_decimals);
        }
    }
}

std::string sentence(const Comparison& comparison, const JudgedClaim& judged) {
    const Claim& claim = judged.claim;
    const char* points = judged.margin == 1.0 ? "percentage point" : "percentage points";
    const std::string unit = comparison.metric.factor == 1.0 ? comparison.metric.name : points;
    const std::string margin = fmt::format("{:g} {}", judged.margin, unit);
    if (!claim.is_of_quality()) {
        const char* label = find_cost_measure(claim.measure)->label;
        if (claim.at_most == 1.0) return fmt::format("{} needs no more than {}: {}", claim.type, claim.than, label);
        return fmt::format("{} needs at most {:g} % of {}: {}", claim.type, 100.0 * claim.at_most, claim.than, label);
    }
    if (claim.is == "equal") return fmt::format("{} equals {} within {}", claim.type, claim.than, margin);
    if (claim.is == "better") {
        return fmt::format("{} is better than {}{}", claim.type, claim.than,
                           judged.margin > 0.0 ? " by more than " + margin : "");
    }
    return fmt::format("{} is at least as good as {} within {}", claim.type, claim.than, margin);
}

void judge_quality(const Comparison& comparison, JudgedClaim& judged, const Contender& contender,
                   const Contender& other) {
    const std::vector<double> gains = paired_gains(comparison, contender, other);
    judged.seeds = std::ssize(gains);
    if (gains.empty()) return;
    judged.estimate = summary_of(gains).mean;
    judged.interval = mean_interval(gains, comparison.claim_confidence);
    if (judged.interval) judged.verdict = judge_gain(*judged.interval, judged.claim.is, judged.margin);
}

void judge_cost(const Comparison& comparison, JudgedClaim& judged, const Contender& contender, const Contender& other) {
    const CostMeasure& measure = *find_cost_measure(judged.claim.measure);
    if (judged.claim.measure == "training_seconds" && comparison.jobs > 1) {
        judged.reason = "trainings ran beside each other (--jobs), so their times tell nothing";
        return;
    }
    std::vector<double> ratios;  // logarithms: the mean of a ratio and that of its inverse then agree
    for_each_pair(contender, other, [&](const RunResult& run, const RunResult& of_other) {
        const auto value = measure.of(run), base = measure.of(of_other);
        if (value && base && *value > 0.0 && *base > 0.0) ratios.push_back(std::log(*value / *base));
    });
    judged.seeds = std::ssize(ratios);
    if (ratios.empty()) return;
    judged.estimate = std::exp(summary_of(ratios).mean);
    if (!measure.is_measured) {
        judged.verdict = judge_ratio({*judged.estimate, *judged.estimate}, judged.claim.at_most);
        return;
    }
    judged.interval = mean_interval(ratios, comparison.claim_confidence);
    if (!judged.interval) return;
    judged.interval = {std::exp(judged.interval->low), std::exp(judged.interval->high)};
    judged.verdict = judge_ratio(*judged.interval, judged.claim.at_most);
}

JudgedClaim judge(const Comparison& comparison, const Claim& claim) {
    JudgedClaim judged;
    judged.claim = claim;
    if (judged.claim.than.empty()) judged.claim.than = comparison.base().name;
    judged.margin = claim.margin.empty() ? comparison.margin : claim.margin.front();
    if (judged.claim.says.empty()) judged.claim.says = sentence(comparison, judged);
    for (const std::string& name : {judged.claim.type, judged.claim.than}) {
        if (find_contender(comparison, name)) continue;
        judged.reason = name + " is not among what was compared";
        return judged;
    }
    if (judged.claim.type == judged.claim.than) {
        judged.reason = "it compares " + judged.claim.type + " with itself";
        return judged;
    }
    const Contender& contender = *find_contender(comparison, judged.claim.type);
    const Contender& other = *find_contender(comparison, judged.claim.than);
    (claim.is_of_quality() ? judge_quality : judge_cost)(comparison, judged, contender, other);
    if (!judged.reason.empty() || judged.verdict != Verdict::cannot_be_told) return judged;
    if (judged.seeds == 0) judged.reason = "no seed has finished with both and tells it";
    if (judged.seeds == 1) judged.reason = "one seed has no spread: it tells nothing of another one";
    return judged;
}

bool depends_on_chance(const Claim& claim) {
    return claim.is_of_quality() || find_cost_measure(claim.measure)->is_measured;
}

}  // namespace

std::optional<double> Contender::cost(const CostMeasure& measure) const {
    double sum = 0.0;
    for (const RunResult& run : runs) {
        const std::optional<double> value = measure.of(run);
        if (!value) return std::nullopt;
        sum += *value;
    }
    return runs.empty() ? std::nullopt : std::optional(sum / static_cast<double>(runs.size()));
}

int64_t Comparison::run_count() const {
    int64_t count = 0;
    for (const Contender& contender : contenders) count += std::ssize(contender.runs);
    return count;
}

std::vector<Claim> default_claims(const std::vector<Contender>& contenders, size_t baseline) {
    std::vector<Claim> claims;
    for (size_t i = 0; i < contenders.size(); ++i) {
        if (i == baseline) continue;
        Claim claim;
        claim.type = contenders[i].name;
        claims.push_back(claim);
    }
    return claims;
}

void compare(Comparison& comparison, const std::vector<Claim>& claims) {
    for (Contender& contender : comparison.contenders) summarise(comparison, contender);
    show_small_errors(comparison);
    comparison.statistical_claims = std::count_if(claims.begin(), claims.end(), depends_on_chance);
    comparison.claim_confidence =
        1.0 - error_rate / static_cast<double>(std::max<int64_t>(1, comparison.statistical_claims));
    comparison.claims.clear();
    for (const Claim& claim : claims) comparison.claims.push_back(judge(comparison, claim));
}

std::vector<size_t> pareto_front(const Comparison& comparison, const CostMeasure& measure) {
    struct Place {
        size_t index;
        double cost, quality;
    };
    std::vector<Place> places;
    for (size_t i = 0; i < comparison.contenders.size(); ++i) {
        const Contender& contender = comparison.contenders[i];
        const std::optional<double> cost = contender.cost(measure);
        if (!cost || contender.quality.count == 0 || !std::isfinite(contender.quality.mean)) continue;
        places.push_back({i, *cost, comparison.metric.gain(contender.quality.mean, 0.0)});
    }
    std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
        return a.cost != b.cost ? a.cost < b.cost : a.quality > b.quality;
    });
    std::vector<size_t> front;
    double best = -INFINITY;
    for (const Place& place : places) {
        if (!(place.quality > best)) continue;
        best = place.quality;
        front.push_back(place.index);
    }
    return front;
}

}  // namespace heed
