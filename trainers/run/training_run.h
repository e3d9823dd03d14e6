#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heed/trainers/loop/trainer.h"
#include "heed/trainers/recipe/recipe.h"
#include "heed/trainers/record/run_log.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

struct TrainRequest {
    std::string recipe;                  ///< path of a recipe file, or, to resume, of a run folder or its recipe.yaml
    std::vector<std::string> overrides;  ///< "model.dim=128"
    bool resume = false;
};

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

/// Folder of a recipe's runs: "runs/<name>", where the name is run.name or the recipe's folder and file.
std::string runs_folder(const Recipe& recipe);

}  // namespace heed
