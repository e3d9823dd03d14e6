#include "heed/trainers/comparison/claims.h"

#include "heed/core/error.h"
#include "heed/trainers/comparison/costs.h"

namespace heed {

void Claim::describe(Fields& fields) {
    std::vector<std::string> measures = {"quality"};
    for (const CostMeasure& cost : cost_measures()) measures.emplace_back(cost.name);
    fields.add("says", says, "the claim in words; empty: made from the rest");
    fields.add("source", source, "who says it");
    fields.add("type", type, "attention type that it is about");
    fields.add("than", than, "the type that it is compared with; empty: the baseline");
    fields.add("measure", measure, "what is compared: the quality, or a cost").choices(measures);
    fields
        .add("is", is,
             "of quality: no_worse (it loses at most the margin), better (it wins more than the margin), equal (it "
             "neither wins nor loses more than the margin)")
        .choices({"no_worse", "better", "equal"});
    fields.add("margin", margin, "of quality, in the unit of the metric (percentage points, BLEU); empty: as --margin")
        .range(0, 1e6);
    fields.add("at_most", at_most, "of a cost: as a share of that of the other type").range(0, 1e6);
}

void Claim::validate() const {
    if (type.empty()) throw UserError("a claim needs a type");
    if (margin.size() > 1) throw UserError("a claim has one margin");
}

const char* verdict_text(Verdict verdict) {
    switch (verdict) {
        case Verdict::holds:
            return "holds";
        case Verdict::does_not_hold:
            return "does not hold";
        case Verdict::cannot_be_told:
            break;
    }
    return "cannot be told";
}

Verdict judge_gain(const Interval& gain, const std::string& is, double margin) {
    if (is == "equal") {
        if (gain.low > -margin && gain.high < margin) return Verdict::holds;
        return gain.low > margin || gain.high < -margin ? Verdict::does_not_hold : Verdict::cannot_be_told;
    }
    const double least = is == "better" ? margin : -margin;
    if (gain.low > least) return Verdict::holds;
    return gain.high < least ? Verdict::does_not_hold : Verdict::cannot_be_told;
}

Verdict judge_ratio(const Interval& ratio, double at_most) {
    constexpr double rounding = 1e-9;
    if (ratio.high <= at_most * (1.0 + rounding)) return Verdict::holds;
    return ratio.low > at_most ? Verdict::does_not_hold : Verdict::cannot_be_told;
}

}  // namespace heed
