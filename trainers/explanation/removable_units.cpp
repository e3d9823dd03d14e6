#include "heed/trainers/explanation/removable_units.h"

#include <algorithm>

#include "heed/trainers/loop/stop_request.h"

namespace heed {

RemovableUnits::RemovableUnits(ExplainedSample& sample, Removal removal) : sample_(sample), removal_(removal) {
    const std::vector<ExplainedUnit>& units = sample.input().units;
    for (size_t i = 0; i < units.size(); ++i) {
        if (!units[i].fixed) units_.push_back(static_cast<int64_t>(i));
    }
}

std::vector<double> RemovableUnits::of_all(const std::vector<double>& units) const {
    std::vector<double> own;
    for (const int64_t unit : units_) own.push_back(units[static_cast<size_t>(unit)]);
    return own;
}

std::vector<VariantAnswer> RemovableUnits::answers(const std::vector<KeptTokens>& variants) {
    constexpr size_t at_once = 64;
    std::vector<VariantAnswer> answers;
    for (size_t first = 0; first < variants.size(); first += at_once) {
        stop_point();
        std::vector<KeptTokens> masks;
        for (size_t i = first; i < std::min(first + at_once, variants.size()); ++i) {
            KeptTokens mask(sample_.input().units.size(), 1);
            for (size_t unit = 0; unit < units_.size(); ++unit) {
                mask[static_cast<size_t>(units_[unit])] = variants[i][unit];
            }
            masks.push_back(std::move(mask));
        }
        const std::vector<VariantAnswer> own = sample_.answers(masks, removal_);
        answers.insert(answers.end(), own.begin(), own.end());
        runs_ += static_cast<int64_t>(masks.size());
    }
    return answers;
}

}  // namespace heed
