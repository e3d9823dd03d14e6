#pragma once

#include <memory>

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
    /// All arguments must outlive it. Throws UserError where the recipe's settings do not fit each other or the model.
    Training(const Recipe& recipe, Context& context, Workload& workload);

    const TrainingKind& kind() const { return workload.facts()->kind(); }

    const Recipe& recipe;
    const TrainOptions& options;
    Workload& workload;
    Task& task;
    std::unique_ptr<ParameterStore> own_store;
    ParameterStore& store;
    std::unique_ptr<Communicator> communicator;
    Trainer trainer;
    TrainingWatch watch;
    std::unique_ptr<Teacher> teacher;  ///< null where none is followed
};

/// Throws UserError, naming the key, where the recipe asks for what this training cannot do; to be called before there
/// is a run folder.
void check_training(Training& training);

}  // namespace heed
