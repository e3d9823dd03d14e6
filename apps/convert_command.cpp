#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"
#include "heed/apps/support/measured_data.h"
#include "heed/core/error.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/evaluation_output.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/conversion/attention_swap.h"
#include "heed/trainers/kinds/command_settings.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/run/resume_check.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {
namespace {

void print_json(const AttentionSwap& swap, const std::string& file) {
    nlohmann::ordered_json json;
    json["from"] = swap.from;
    json["to"] = swap.to;
    json["samples"] = swap.conversion.samples;
    json["layers"] = nlohmann::ordered_json::array();
    for (const ConvertedLayer& layer : swap.conversion.layers) {
        nlohmann::ordered_json entry;
        entry["name"] = layer.name;
        entry["from"] = layer.from;
        entry["to"] = layer.to;
        entry["same_weights"] = layer.fit.exact;
        if (layer.fit.key_r2) entry["keys_r2"] = *layer.fit.key_r2;
        if (layer.fit.output_r2) entry["outputs_r2"] = *layer.fit.output_r2;
        if (layer.aligned_r2) entry["aligned_r2"] = *layer.aligned_r2;
        json["layers"].push_back(std::move(entry));
    }
    for (const auto& [name, result] : {std::pair("before", &swap.before), std::pair("after", &swap.after)}) {
        if (*result) add_metrics(json[name], **result);
    }
    json["file"] = file;
    print_json_line(json);
}

/// The model that the settings make of the trained one; its weights are random.
TrainedModel model_with(const Recipe& recipe, const TrainedModel& old, Context& context) {
    TrainedModel now{parse_recipe(recipe_spec(), recipe.resolved_yaml(), recipe.path(), {}), old.facts, old.step,
                     nullptr, nullptr};
    now.model = now.facts->kind().make_model(now.recipe, *now.facts);
    now.store = std::make_unique<ParameterStore>(context, *now.model, 0);
    return now;
}

AttentionSwap swapped(TrainedModel& old, TrainedModel& now, Context& context) {
    if (now.recipe.options<ConvertOptions>("convert").calibration > 0) {
        const std::unique_ptr<Workload> workload = now.facts->kind().open(now, context);
        return swap_attention(old, now.recipe, *workload, *now.store);
    }
    AttentionSwap swap{attention_text(old.recipe), attention_text(now.recipe), {}, {}, {}};
    swap.conversion = Converter(*old.model, *now.model, *now.store).run();
    return swap;
}

}  // namespace

int run(const ConvertCommand& command) {
    const std::string path = checkpoint_file(command.target);
    const CheckpointFacts facts = read_checkpoint_facts(SafetensorsFile(path));
    check_command_settings(facts.data->kind(), "convert", command.overrides);
    check_output(command.to, command.target, {});
    const Recipe recipe = parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + path,
                                       with_data_folder(command.target, command.overrides));
    use_threads_of(recipe);
    Context context(recipe.options<GeneralOptions>("").device);
    TrainedModel old = TrainedModel::load(context, path, {});
    if (attention_text(old.recipe) == attention_text(recipe)) {
        throw UserError("heed convert puts another attention in the place of " + attention_text(recipe) +
                        " and was not told which: attention.type=... (or attention.layers, attention.PLACE.type)");
    }
    TrainedModel now = model_with(recipe, old, context);
    const AttentionSwap swap = swapped(old, now, context);
    CheckpointFacts written;
    written.recipe = portable_recipe(recipe);
    written.data = old.facts;
    written.progress.step = old.step;
    written.versions = numeric_versions();
    written.weights_only = true;
    write_checkpoint(command.to, *now.store, nullptr, written);
    if (command.json) {
        print_json(swap, command.to);
        return 0;
    }
    for (const std::string& line : swap.lines()) fmt::print("{}\n", line);
    fmt::print("the converted model is in {}\n", command.to);
    return 0;
}

}  // namespace heed
