#pragma once

#include <cstdint>

#include "heed/trainers/run/run_target.h"

namespace heed {

enum class TrainOutcome : uint8_t {
    finished,
    interrupted,      ///< by a signal; the state is saved
    already_finished  ///< nothing was left to do
};

struct TrainEnd {
    TrainOutcome outcome = TrainOutcome::finished;
    int signal = 0;  ///< that interrupted it
};

/// Trains as a recipe says: opens data and run folder, takes steps, validates, saves, and at the end measures the best
/// model on the test set and writes the report. Throws UserError for wrong input before anything is written.
TrainEnd train(const TrainRequest& request);

}  // namespace heed
