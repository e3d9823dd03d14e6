#pragma once

#include <cstdint>

#include "heed/trainers/comparison/statistics/statistics.h"
#include "heed/trainers/loop/evaluation.h"

namespace heed {

/// Two classifiers on the same samples.
struct PairedAccuracy {
    int64_t count = 0;
    int64_t first_alone = 0;   ///< samples in which the first one alone is right
    int64_t second_alone = 0;  ///< and the second one
    double difference = 0.0;   ///< of the accuracies, first minus second
    Interval interval;         ///< that holds it with the asked confidence
};

/// What their evaluations of one split say sample by sample: the interval is that of the mean of the differences 1, 0
/// and -1, by Student's t. Throws UserError where they are of another number of samples, or of fewer than two.
PairedAccuracy paired_accuracy(const Evaluation& first, const Evaluation& second, double confidence);

}  // namespace heed
