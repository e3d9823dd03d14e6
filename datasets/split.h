#pragma once

#include <cstdint>
#include <vector>

namespace heed {

/// Records of a training set that are trained on, and those kept back for validation; both ascending.
struct TrainValidation {
    std::vector<int64_t> train;
    std::vector<int64_t> validation;
};

/// Divides 0 .. n-1 at random: round(n * fraction) records, at least one, go to validation, none where `fraction` is 0.
/// A pure function of its arguments. UserError where nothing would be left to train on.
TrainValidation split_train_validation(uint64_t seed, int64_t n, double fraction);

}  // namespace heed
