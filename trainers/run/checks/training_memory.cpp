#include "heed/trainers/run/checks/training_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/datasets/files/free_memory.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/loop/parameter_rules.h"
#include "heed/trainers/loop/weight_average.h"
#include "heed/trainers/optimizers/optimizer_options.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {

TrainingMemory training_memory(const Recipe& recipe, const DataFacts& facts, int64_t samples, std::string_view device) {
    Context context(device, recipe.options<GeneralOptions>("").products());
    const std::unique_ptr<Module> model = facts.kind().make_model(recipe, facts);
    const std::unique_ptr<ParameterStore> store = make_parameter_store(recipe, context, *model);
    const auto optimizer = recipe.options<OptimizerOptions>("optimizer").make_optimizer(*store);
    const double decay_rate = recipe.options<TrainOptions>("train").ema;
    std::optional<WeightAverage> average;
    if (decay_rate > 0) average.emplace(*store, decay_rate);
    store->begin_step();
    TrainingMemory taken;
    taken.resting = static_cast<double>(context.allocator().bytes_in_use());
    {
        const Variable logits = facts.kind().forward_empty(*model, facts, context, samples);
        const Tensor targets = Tensor::zeros(context, {logits.shape()[0]}, DType::i32);
        const CrossEntropyResult loss = cross_entropy(logits, targets, 0);
        context.tape().backward(loss.loss);
    }
    context.tape().clear();
    taken.peak = static_cast<double>(context.allocator().peak_bytes());
    return taken;
}

std::string memory_warning(const TrainingMemory& taken, const std::string& samples, int64_t machine, int64_t swap) {
    constexpr double gibibyte = 1 << 30;
    const auto memory = static_cast<double>(machine);
    if (taken.resting > memory + static_cast<double>(swap)) {
        throw UserError(
            fmt::format("weights, gradients and the state of the optimizer take {:.2f} GiB, but this machine has "
                        "{:.2f} GiB of memory: "
                        "expected a smaller model",
                        taken.resting / gibibyte, memory / gibibyte));
    }
    // The peak is that of a batch of the longest samples, which few are: more is a warning, many times as much is not
    // worth a try, as the system ends what takes all memory before it can say why.
    constexpr double hopeless = 4.0;
    if (taken.peak > hopeless * (memory + static_cast<double>(swap))) {
        throw UserError(
            fmt::format("a step with {} takes about {:.2f} GiB, but this machine has {:.2f} GiB of memory: expected a "
                        "smaller batch "
                        "(train.accumulate makes up for it) or model",
                        samples, taken.peak / gibibyte, memory / gibibyte));
    }
    if (taken.peak <= memory) return "";
    return fmt::format(
        "warning: a step with {} takes about {:.2f} GiB, but this machine has {:.2f} GiB of memory: lower the batch "
        "(train.accumulate makes up for it), or set model.checkpoint_activations",
        samples, taken.peak / gibibyte, memory / gibibyte);
}

std::string check_training_memory(const Recipe& recipe, Workload& workload, int64_t ranks) {
    const DataFacts& facts = *workload.facts();
    int64_t samples = std::min(facts.kind().samples_at_a_time(recipe), workload.task().samples(Split::train));
    samples = (samples + ranks - 1) / ranks;
    const std::string text = fmt::format("{} samples of the greatest length at a time", samples);
    return memory_warning(training_memory(recipe, facts, samples), text, machine_memory(), machine_swap());
}

}  // namespace heed
