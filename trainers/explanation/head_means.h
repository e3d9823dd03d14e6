#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "heed/trainers/explanation/explanation.h"

namespace heed {

/// Each head over many predictions.
class HeadMeans {
public:
    void add(const std::vector<HeadExplanation>& heads);

    /// The heads in the order in which they came: `queries`, changed rows, methods and iterations are sums, `keys` and
    /// the means of the measures are means over all rows, what is greatest is the greatest of all. No pictures.
    std::vector<HeadExplanation> result() const;

private:
    using Place = std::tuple<AttentionPlace, int64_t, int64_t>;  ///< with layer and head

    std::map<Place, size_t> index_;
    std::vector<HeadExplanation> sums_;  ///< means times rows
    std::vector<double> keys_;
};

/// What the checks of many predictions came to.
struct SubstitutionCounts {
    struct Counted {
        int64_t same_predictions = 0;
        double greatest_difference = 0.0;  ///< of a logit, as a share of the greatest of its prediction
    };

    int64_t predictions = 0;
    Counted least_norm, random_equivalent, clipped_effective;

    void add(const SubstitutionCheck& check);
};

}  // namespace heed
