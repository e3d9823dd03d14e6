#include "heed/trainers/conversion/attention_swap.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {

namespace {

std::string quality_text(const Evaluation& result) {
    std::string text = fmt::format("{} {}", result.compared_by, score_text(result.compared_by, result.score));
    if (result.compared_by != "loss") text += fmt::format(", loss {:.4f}", result.loss);
    return text;
}

}  // namespace

bool AttentionSwap::is_exact() const {
    return std::all_of(conversion.layers.begin(), conversion.layers.end(),
                       [](const ConvertedLayer& layer) { return layer.fit.exact; });
}

std::vector<std::string> AttentionSwap::lines() const {
    std::vector<std::string> lines = {fmt::format("attention {} is replaced by {}", from, to)};
    if (!conversion.layers.empty()) {
        lines.front() += is_exact()               ? ", with the same weights"
                         : conversion.samples > 0 ? fmt::format(", fitted on {} training samples", conversion.samples)
                                                  : ", without data";
        if (conversion.align > 0) lines.front() += fmt::format(", then aligned for {} steps", conversion.align);
        const std::vector<std::string> table = conversion.lines();
        lines.insert(lines.end(), table.begin(), table.end());
    }
    if (before) lines.push_back("validation before the swap: " + quality_text(*before));
    if (after) {
        lines.push_back("validation right after it:  " + quality_text(*after) +
                        fmt::format(", divergence from before {:.4f}", std::max(0.0, divergence.value_or(0.0))));
    }
    return lines;
}

AttentionSwap convert_attention(TrainedModel& old, const Recipe& recipe, Workload& workload, ParameterStore& store) {
    Task& task = workload.task();
    const auto& options = recipe.options<ConvertOptions>("convert");
    AttentionSwap swap;
    swap.from = attention_text(old.recipe);
    swap.to = attention_text(recipe);
    Converter converter(*old.model, task.model(), store);
    swap.conversion = converter.run(task, old.facts->kind().batch(recipe),
                                    static_cast<uint64_t>(recipe.options<TrainOptions>("train").seed), options);
    return swap;
}

AttentionSwap swap_attention(TrainedModel& old, const Recipe& recipe, Workload& workload, ParameterStore& store) {
    AttentionSwap swap = convert_attention(old, recipe, workload, store);
    Task& task = workload.task();
    if (task.samples(Split::validation) > 0) {
        Module& now = task.model();
        task.use_model(*old.model);
        swap.before = task.evaluate(Split::validation);
        task.use_model(now);
        swap.after = task.evaluate(Split::validation);
        swap.divergence = task.divergence_from(*old.model, Split::validation);
    }
    return swap;
}

}  // namespace heed
