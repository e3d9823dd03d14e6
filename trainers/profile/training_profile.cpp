#include "heed/trainers/profile/training_profile.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/core/cpu/isa.h"
#include "heed/core/device/product_rate.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/run/saved_model.h"
#include "heed/trainers/run/training.h"

namespace heed {

double TrainingProfile::rest() const {
    double rest = seconds - data_wait;
    for (const OpCost& op : ops) rest -= op.seconds;
    return std::max(0.0, rest);
}

TrainingProfile profile_training(const ProfileRequest& request) {
    const Recipe recipe = read_recipe(recipe_spec(), request.recipe, request.overrides);
    use_threads_of(recipe);
    const auto& general = recipe.options<GeneralOptions>("");
    Context context(general.device, general.products());
    const std::unique_ptr<Workload> workload = kind_of(recipe).open(recipe, context, nullptr);
    SelfCommunicator alone;
    Training training(recipe, context, *workload, alone, 0);
    check_training(training);
    if (training.trainer.total_steps() < request.warm_up + request.steps) {
        throw UserError(recipe.placed(fmt::format(
            "expected a training of at least {} steps ({} to warm up and {} that are measured), got one of {}: more "
            "train.epochs or train.steps",
            request.warm_up + request.steps, request.warm_up, request.steps, training.trainer.total_steps())));
    }
    TrainingProfile profile;
    profile.steps = request.steps;
    profile.peak_rate = product_rate(context);
    profile.facts = {{"model", fmt::format("{}, {} parameters, attention {}", recipe.section("model").choice(),
                                           training.task.model().parameter_count(), attention_text(recipe))},
                     {"steps", fmt::format("{} of {}, after {} that do not count", request.steps,
                                           training.kind().step_text(recipe), request.warm_up)},
                     {"device", fmt::format("{}, {} {}, products in {} by {}", general.device, thread_count(),
                                            thread_count() == 1 ? "thread" : "threads", general.precision,
                                            context.device().product_engine())}};
    if (general.device == "cpu") profile.facts.emplace_back("isa", isa_name(active_isa()));
    training.trainer.begin({});
    OpProfile ops(context);
    for (int64_t step = 0; step < request.warm_up + request.steps; ++step) {
        stop_point();
        if (step == request.warm_up) ops.clear();
        const StepResult result = training.trainer.step();
        if (step < request.warm_up) continue;
        profile.seconds += result.seconds;
        profile.data_wait += result.data_wait;
    }
    profile.ops = ops.costs();
    return profile;
}

}  // namespace heed
