#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/core/settings/fields.h"
#include "heed/trainers/comparison/statistics/statistics.h"

namespace heed {

/// A claim about two attention types, as a file of claims gives it.
struct Claim : Options {
    std::string says;    ///< in words; empty: made from the rest
    std::string source;  ///< who says it
    std::string type;
    std::string than;                 ///< empty: the baseline
    std::string measure = "quality";  ///< or a cost (CostMeasure::name)
    std::string is = "no_worse";      ///< of quality
    std::vector<double> margin;       ///< of quality, in the unit of the metric; none: that of the comparison
    double at_most = 1.0;             ///< of a cost: share of that of the other type

    bool is_of_quality() const { return measure == "quality"; }

    void describe(Fields& fields) override;
    void validate() const override;
};

enum class Verdict : uint8_t { holds, does_not_hold, cannot_be_told };

/// "does not hold"
const char* verdict_text(Verdict verdict);

/// What became of a claim.
struct JudgedClaim {
    Claim claim;  ///< with `than` and `says` filled in
    double margin = 0.0;
    Verdict verdict = Verdict::cannot_be_told;
    int64_t seeds = 0;                 ///< that both types have
    std::optional<double> estimate;    ///< gain of quality in its unit, or ratio of costs
    std::optional<Interval> interval;  ///< of that, corrected for the number of claims; nothing where it is a count
    std::string reason = {};           ///< why nothing can be told, where it is not the interval
};

/// Whether a gain of quality within this interval is what a claim says.
Verdict judge_gain(const Interval& gain, const std::string& is, double margin);

/// Whether a ratio of costs is.
Verdict judge_ratio(const Interval& ratio, double at_most);

}  // namespace heed
