#include "heed/trainers/run/training.h"

#include <fmt/format.h>

#include "heed/core/error.h"
#include "heed/trainers/loop/parameter_rules.h"

namespace heed {

Training::Training(const Recipe& run_recipe, Context& context, Workload& run_workload)
    : recipe(run_recipe),
      options(recipe.options<TrainOptions>("train")),
      workload(run_workload),
      task(workload.task()),
      own_store(make_parameter_store(recipe, context, task.model())),
      store(*own_store),
      communicator(make_communicator(context)),
      trainer(context, task, store, options, recipe.options<OptimizerOptions>("optimizer"), workload.batch(),
              *communicator),
      watch(task, store, workload.attention_weights(), options.watch_every) {}

std::string Training::step_text() const {
    return fmt::format("{}{} {}", workload.batch_is_limit() ? "at most " : "", workload.batch() * options.accumulate,
                       workload.unit());
}

void check_training(Training& training) {
    const TrainOptions& options = training.options;
    const Trainer& trainer = training.trainer;
    const auto refuse = [&](const std::string& text) { throw UserError(training.recipe.placed(text)); };
    if (training.task.samples(Split::validation) == 0) {
        if (options.patience > 0) refuse("train.patience needs a validation set: data.validation above 0");
        if (options.keep_best > 1) refuse("train.keep_best needs a validation set: data.validation above 0");
    }
    if (!(trainer.schedule().greatest_lr() > 0.0)) {
        const auto& optimizer = training.recipe.options<OptimizerOptions>("optimizer");
        refuse(fmt::format(
            "optimizer.schedule {} with optimizer.lr {} and {} {} has a learning rate of 0 at every step, "
            "so that nothing would be trained",
            optimizer.schedule, optimizer.lr, trainer.total_steps(), trainer.total_steps() == 1 ? "step" : "steps"));
    }
}

std::string schedule_warning(const Training& training) {
    const Trainer& trainer = training.trainer;
    const int64_t warmup = trainer.schedule().warmup_steps();
    if (warmup <= trainer.total_steps()) return "";
    return fmt::format(
        "warning: optimizer.warmup of {} steps is longer than the training of {}: the learning rate only rises, to "
        "{:.3g} "
        "instead of {:.3g}",
        warmup, trainer.total_steps(), trainer.schedule().greatest_lr(),
        training.recipe.options<OptimizerOptions>("optimizer").lr);
}

}  // namespace heed
