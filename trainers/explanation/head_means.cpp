#include "heed/trainers/explanation/head_means.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace heed {

namespace {

constexpr double HeadMeasures::*means[] = {&HeadMeasures::rank,
                                           &HeadMeasures::freedom,
                                           &HeadMeasures::total_variation,
                                           &HeadMeasures::jensen_shannon,
                                           &HeadMeasures::entropy,
                                           &HeadMeasures::least_norm_entropy,
                                           &HeadMeasures::support,
                                           &HeadMeasures::least_norm_support,
                                           &HeadMeasures::kendall_tau,
                                           &HeadMeasures::top_overlap,
                                           &HeadMeasures::effective_sum,
                                           &HeadMeasures::effective_negative_mass};

constexpr double HeadMeasures::*greatest[] = {&HeadMeasures::greatest_total_variation,
                                              &HeadMeasures::greatest_optimality_error,
                                              &HeadMeasures::greatest_output_error};

/// Rows of queries that may use a key: those that the means are of.
double explained_rows(const HeadMeasures& measures) {
    return static_cast<double>(std::accumulate(measures.methods.begin(), measures.methods.end(), int64_t{0}));
}

}  // namespace

void HeadMeans::add(const std::vector<HeadExplanation>& heads) {
    for (const HeadExplanation& head : heads) {
        const auto [at, added] = index_.try_emplace({head.place, head.layer, head.head}, sums_.size());
        if (added) {
            sums_.push_back({head.place, head.layer, head.head, 0, 0, head.value_dim, {}, {}, {}});
            keys_.push_back(0.0);
        }
        HeadExplanation& sum = sums_[at->second];
        const double rows = explained_rows(head.measures);
        sum.queries += head.queries;
        keys_[at->second] += rows * static_cast<double>(head.keys);
        for (const auto mean : means) sum.measures.*mean += rows * head.measures.*mean;
        for (const auto value : greatest) {
            sum.measures.*value = std::max(sum.measures.*value, head.measures.*value);
        }
        sum.measures.changed_rows += head.measures.changed_rows;
        sum.measures.iterations += head.measures.iterations;
        for (size_t method = 0; method < sum.measures.methods.size(); ++method) {
            sum.measures.methods[method] += head.measures.methods[method];
        }
    }
}

std::vector<HeadExplanation> HeadMeans::result() const {
    std::vector<HeadExplanation> heads = sums_;
    for (size_t i = 0; i < heads.size(); ++i) {
        const double rows = std::max(1.0, explained_rows(heads[i].measures));
        heads[i].keys = std::llround(keys_[i] / rows);
        for (const auto mean : means) heads[i].measures.*mean /= rows;
    }
    return heads;
}

void SubstitutionCounts::add(const SubstitutionCheck& check) {
    ++predictions;
    const auto count = [&](Counted& counted, const Substitution& substitution) {
        counted.same_predictions += substitution.same_prediction ? 1 : 0;
        const double share = check.scale > 0.0 ? substitution.difference / check.scale : 0.0;
        counted.greatest_difference = std::max(counted.greatest_difference, share);
    };
    count(least_norm, check.least_norm);
    count(random_equivalent, check.random_equivalent);
    count(clipped_effective, check.clipped_effective);
}

}  // namespace heed
