#pragma once

#include <vector>

#include "heed/trainers/explanation/explained_sample.h"
#include "heed/trainers/explanation/token_search.h"

namespace heed {

/// The units of a sample that can be taken away, numbered from 0, and one way to do so.
class RemovableUnits {
public:
    RemovableUnits(ExplainedSample& sample, Removal removal);

    int64_t count() const { return static_cast<int64_t>(units_.size()); }
    /// The place of a removable unit among all of the sample.
    int64_t unit(int64_t number) const { return units_[static_cast<size_t>(number)]; }
    /// Values of the removable units among those of all.
    std::vector<double> of_all(const std::vector<double>& units) const;

    /// What the model says of variants; each mask is over the removable units. Throws Stopped between some of them.
    std::vector<VariantAnswer> answers(const std::vector<KeptTokens>& variants);
    /// Variants that the model was run over.
    int64_t runs() const { return runs_; }

private:
    ExplainedSample& sample_;
    Removal removal_;
    std::vector<int64_t> units_;
    int64_t runs_ = 0;
};

}  // namespace heed
