#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/comparison/claims.h"
#include "heed/trainers/comparison/costs.h"
#include "heed/trainers/comparison/quality.h"
#include "heed/trainers/comparison/run_result.h"
#include "heed/trainers/comparison/statistics/statistics.h"

namespace heed {

/// One side of a comparison: an attention type (with settings of its own) trained with several seeds.
struct Contender {
    std::string name;                   ///< "sdpa"
    std::vector<std::string> settings;  ///< that were chosen for it, "optimizer.lr=1e-3"
    std::vector<RunResult> runs;        ///< that have finished, by ascending seeds
    std::string remark = {};            ///< what is worth knowing of the type at this length
    // Filled in by `compare`:
    Summary quality = {};
    std::vector<int64_t> paired_seeds = {};      ///< that the baseline has, too
    Summary gain = {};                           ///< over the baseline, paired by seed
    std::optional<Interval> gain_interval = {};  ///< of its mean, with Comparison::confidence

    /// The mean over the runs; nothing where one does not tell.
    std::optional<double> cost(const CostMeasure& measure) const;
};

/// Runs of several attention types beside each other.
struct Comparison {
    std::string title;
    QualityMetric metric;
    double margin = 0.0;  ///< of claims that have none of their own, in the unit of the metric
    double confidence = 0.95;
    double claim_confidence = 0.95;  ///< corrected for the number of claims by Bonferroni's rule
    int64_t statistical_claims = 0;  ///< whose verdicts depend on chance: what is corrected for
    int64_t jobs = 1;                ///< runs that were trained beside each other
    size_t baseline = 0;             ///< of the contenders
    std::vector<Contender> contenders;
    std::vector<JudgedClaim> claims;
    std::vector<std::string> notes = {};                          ///< sentences on how it came about
    std::vector<std::pair<std::string, std::string>> facts = {};  ///< label and value

    std::string command = {};                                        ///< that made it, as it was given
    std::vector<std::pair<std::string, std::string>> settings = {};  ///< that are not the defaults: key and value
    std::string recipe_yaml = {};

    const Contender& base() const { return contenders[baseline]; }
    /// Runs of all contenders.
    int64_t run_count() const;
};

/// "optimised is no worse than sdpa by 1.00 points": the claims that are looked at where no others are given, one for
/// each contender but the baseline.
std::vector<Claim> default_claims(const std::vector<Contender>& contenders, size_t baseline);

/// Fills in what can be said of the contenders and the claims of `comparison`, whose other members are given. Those
/// without runs stay empty.
void compare(Comparison& comparison, const std::vector<Claim>& claims);

/// The contenders of quality and cost means that no other one has both more of and less of (or as little): indices,
/// cheapest first.
std::vector<size_t> pareto_front(const Comparison& comparison, const CostMeasure& measure);

}  // namespace heed
