#include "heed/trainers/run/training.h"

#include <fmt/format.h>

#include "heed/core/error.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/loop/parameter_rules.h"
#include "heed/trainers/run/checks/schedule_check.h"

namespace heed {

Training::Training(const Recipe& run_recipe, Context& context, Workload& run_workload, Communicator& run_ranks,
                   int64_t steps_done)
    : recipe(run_recipe),
      options(recipe.options<TrainOptions>("train")),
      workload(run_workload),
      task(workload.task()),
      own_store(make_parameter_store(recipe, context, task.model())),
      store(*own_store),
      ranks(run_ranks),
      trainer(context, task, store, options, recipe.options<OptimizerOptions>("optimizer"),
              workload.facts()->kind().batch(recipe), ranks),
      watch(task, store, workload.attention_weights(), options.watch_every),
      steps{.done = steps_done, .total = trainer.total_steps(), .epoch = trainer.epoch_steps()},
      teacher(Teacher::load(recipe, context, *workload.facts(), steps)),
      teacher_checksum(teacher ? teacher->checksum() : "") {
    task.set_teacher(teacher.get());
    task.set_ranks(&ranks);
}

void check_training(Training& training) {
    const TrainOptions& options = training.options;
    const auto refuse = [&](const std::string& text) { throw UserError(training.recipe.placed(text)); };
    if (training.task.samples(Split::validation) == 0) {
        if (options.patience > 0) refuse("train.patience needs a validation set: data.validation above 0");
        if (options.keep_best > 1) refuse("train.keep_best needs a validation set: data.validation above 0");
    }
    check_schedule(training.recipe, training.trainer.total_steps(), training.trainer.epoch_steps());
}

}  // namespace heed
