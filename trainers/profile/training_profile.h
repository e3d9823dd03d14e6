#pragma once

#include <string>
#include <utility>
#include <vector>

#include "heed/trainers/profile/op_profile.h"

namespace heed {

struct ProfileRequest {
    std::string recipe;  ///< path of a recipe file
    std::vector<std::string> overrides;
    int64_t steps = 20;
    int64_t warm_up = 3;  ///< steps before these, which are not measured
};

/// Where the time of training steps goes.
struct TrainingProfile {
    std::vector<std::pair<std::string, std::string>> facts;  ///< about model, data and machine, with their names
    int64_t steps = 0;
    double seconds = 0.0;     ///< of all of them
    double data_wait = 0.0;   ///< seconds in which they waited for data
    std::vector<OpCost> ops;  ///< of all of them, the longest first; also "gradient_norm" and "optimizer"
    /// Multiply-adds a second of a large matrix product on the same threads, the best of several.
    double peak_rate = 0.0;

    /// Seconds that are in no op and not spent in waiting for data.
    double rest() const;
};

/// Takes training steps of a recipe, on its data and from random weights; nothing is written. Sets the number of
/// threads. Throws UserError where recipe or data are wrong, or the training has fewer steps.
TrainingProfile profile_training(const ProfileRequest& request);

/// The table for a terminal.
std::string training_profile_text(const TrainingProfile& profile);

/// All of it as a JSON object.
std::string training_profile_json(const TrainingProfile& profile);

}  // namespace heed
