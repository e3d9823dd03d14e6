#include "heed/trainers/run/checks/schedule_check.h"

#include <fmt/format.h>

#include "heed/core/error.h"
#include "heed/trainers/loop/schedule.h"

namespace heed {

void check_schedule(const Recipe& recipe, int64_t total_steps, int64_t epoch_steps) {
    const auto& optimizer = recipe.options<OptimizerOptions>("optimizer");
    if (Schedule(optimizer, total_steps, epoch_steps).greatest_lr() > 0.0) return;
    throw UserError(recipe.placed(fmt::format(
        "optimizer.schedule {} with optimizer.lr {} and {} {} has a learning rate of 0 at every step, so that nothing "
        "would be trained",
        optimizer.schedule, optimizer.lr, total_steps, total_steps == 1 ? "step" : "steps")));
}

std::string schedule_warning(const Recipe& recipe, int64_t total_steps, int64_t epoch_steps) {
    const auto& optimizer = recipe.options<OptimizerOptions>("optimizer");
    const Schedule schedule(optimizer, total_steps, epoch_steps);
    if (schedule.warmup_steps() <= total_steps) return "";
    return fmt::format(
        "warning: optimizer.warmup of {} steps is longer than the training of {}: the learning rate only rises, to "
        "{:.3g} instead of {:.3g}",
        schedule.warmup_steps(), total_steps, schedule.greatest_lr(), optimizer.lr);
}

}  // namespace heed
