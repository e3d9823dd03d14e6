#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "heed/core/module/parameter_store.h"
#include "heed/core/ranks/communicator.h"
#include "heed/trainers/distillation/teacher.h"
#include "heed/trainers/kinds/workload.h"
#include "heed/trainers/loop/trainer.h"
#include "heed/trainers/loop/training_watch.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// What takes the steps of a run: data and model of its kind, the parameters, the trainer. Nothing is trained, loaded
/// or written by making it.
struct Training {
    /// References must outlive it. `steps_done` were taken before, where it goes on. Throws UserError where the
    /// recipe's settings do not fit each other or the model.
    Training(const Recipe& recipe, Context& context, Workload& workload, Communicator& ranks, int64_t steps_done);

    const TrainingKind& kind() const { return workload.facts()->kind(); }

    const Recipe& recipe;
    const TrainOptions& options;
    Workload& workload;
    Task& task;
    std::unique_ptr<ParameterStore> own_store;
    ParameterStore& store;
    Communicator& ranks;
    Trainer trainer;
    TrainingWatch watch;
    TrainingSteps steps;               ///< at the beginning
    std::unique_ptr<Teacher> teacher;  ///< null where none is followed from here on
    std::string teacher_checksum;      ///< of that, or of the one that was followed; empty: none
};

/// Throws UserError, naming the key, where the recipe asks for what this training cannot do; to be called before there
/// is a run folder.
void check_training(Training& training);

}  // namespace heed
