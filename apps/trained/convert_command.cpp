#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"
#include "heed/apps/support/measured_data.h"
#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/evaluation_output.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/conversion/attention_swap.h"
#include "heed/trainers/conversion/changed_layers.h"
#include "heed/trainers/conversion/layer_settings.h"
#include "heed/trainers/conversion/sensitivity.h"
#include "heed/trainers/kinds/command_settings.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/record/shell_argument.h"
#include "heed/trainers/run/checks/resume_check.h"
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
        entry["kept"] = layer.fit.kept;
        if (!layer.fit.fresh.empty()) entry["fresh"] = layer.fit.fresh;
        if (layer.fit.key_r2) entry["keys_r2"] = *layer.fit.key_r2;
        if (layer.fit.output_r2) entry["outputs_r2"] = *layer.fit.output_r2;
        if (layer.stream_r2) entry["stream_r2"] = *layer.stream_r2;
        if (layer.aligned_r2) entry["aligned_r2"] = *layer.aligned_r2;
        json["layers"].push_back(std::move(entry));
    }
    for (const auto& [name, result] : {std::pair("before", &swap.before), std::pair("after", &swap.after)}) {
        if (*result) add_metrics(json[name], **result);
    }
    if (swap.divergence) json["divergence"] = *swap.divergence;
    json["file"] = file;
    print_json_line(json);
}

bool has_other_types(Module& old, Module& now) {
    const std::vector<Attention*> before = attention_layers(old), after = attention_layers(now);
    return !std::equal(before.begin(), before.end(), after.begin(), after.end(),
                       [](const Attention* a, const Attention* b) { return a->type() == b->type(); });
}

/// An import tells of no data that it was trained on.
void check_has_training_data(const ConvertCommand& command, const Recipe& recipe, const DataFacts& facts) {
    const bool needs_samples = command.sensitivity || recipe.options<ConvertOptions>("convert").calibration > 0;
    if (!needs_samples || !facts.fingerprints.train.empty()) return;
    throw UserError(command.target + " was imported and knows no training samples to fit on: " +
                    (command.sensitivity ? "" : "convert.calibration=0 converts it without data; or ") +
                    "train it first (heed train with the finetune.yaml of the import) and convert that run");
}

AttentionSwap swapped(TrainedModel& old, TrainedModel& now, Context& context) {
    if (now.recipe.options<ConvertOptions>("convert").calibration > 0) {
        const std::unique_ptr<Workload> workload = now.facts->kind().open(now, context);
        return swap_attention(old, now.recipe, *workload, *now.store);
    }
    AttentionSwap swap{attention_text(old.recipe), attention_text(now.recipe), {}, {}, {}, {}};
    swap.conversion = Converter(*old.model, *now.model, *now.store).run();
    return swap;
}

void write_model(const std::string& file, const TrainedModel& model) {
    CheckpointFacts written;
    written.recipe = portable_recipe(model.recipe);
    written.data = model.facts;
    written.progress.step = model.step;
    written.versions = numeric_versions();
    written.weights_only = true;
    write_checkpoint(file, *model.store, nullptr, written);
}

/// "sdpa" or "efficient, super" of the layers of a trial.
std::string types_text(const SwapTrial& trial) {
    std::vector<std::string> types = trial.types;
    types.erase(std::unique(types.begin(), types.end()), types.end());
    return listed(types);
}

std::string saved_text(int64_t before, int64_t now) {
    return fmt::format("{:+.1f} %",
                       100.0 * static_cast<double>(now - before) / static_cast<double>(std::max<int64_t>(1, before)));
}

void print_trials(const SwapTrial& before, const std::vector<SwapTrial>& trials) {
    size_t width = before.what.size(), types = 4;
    for (const SwapTrial& trial : trials) {
        width = std::max(width, trial.what.size());
        types = std::max(types, types_text(trial).size());
    }
    const bool by_loss = before.result.compared_by == "loss";
    const auto score = [&](const std::string& text) { return by_loss ? "" : fmt::format("  {:>9}", text); };
    fmt::print("{:<{}}  {:<{}}  {:>10}{}  {:>9}  {:>13}  {:>10}\n", "swapped", width, "to", types, "divergence",
               score(before.result.compared_by), "loss", "multiply-adds", "parameters");
    const auto print = [&](const SwapTrial& trial) {
        fmt::print("{:<{}}  {:<{}}  {:>10.5f}{}  {:>9.4f}  {:>13}  {:>10}\n", trial.what, width, types_text(trial),
                   types, trial.divergence, score(score_text(trial.result.compared_by, trial.result.score)),
                   trial.result.loss, saved_text(before.multiplies, trial.multiplies),
                   saved_text(before.parameters, trial.parameters));
    };
    print(before);
    for (const SwapTrial& trial : trials) print(trial);
}

nlohmann::ordered_json trial_json(const SwapTrial& trial) {
    nlohmann::ordered_json json;
    json["swapped"] = trial.what;
    json["layers"] = trial.layers;
    json["types"] = trial.types;
    json["divergence"] = trial.divergence;
    json["multiplies"] = trial.multiplies;
    json["parameters"] = trial.parameters;
    add_metrics(json, trial.result);
    return json;
}

/// Why a budget cannot be kept, with the least one that can.
std::string missed_budget(double budget, const SwapTrial& before, const std::vector<SwapTrial>& trials) {
    const double least = least_cost(before, trials);
    if (least >= 1.0) return fmt::format("--budget {:g}%: no layer saves multiply-adds by this swap", 100 * budget);
    return fmt::format(
        "--budget {:g}%: with all layers swapped that save multiply-adds the attention still has {:.1f} % of them; "
        "--budget {:g}% is the least that can be reached",
        100 * budget, 100 * least, std::ceil(1000 * least) / 10);
}

int show_sensitivity(const ConvertCommand& command, const std::string& recipe_text, TrainedModel& old,
                     Context& context) {
    Sensitivity sensitivity(old, recipe_text, with_data_folder(command.target, command.overrides), context);
    const std::vector<SwapTrial> trials = sensitivity.run();
    if (trials.empty()) throw UserError(no_layer_changes(old.recipe));
    std::optional<SwapTrial> chosen;
    if (command.budget) {
        const auto layers = layers_for_budget(sensitivity.before(), trials, *command.budget);
        if (!layers) throw UserError(missed_budget(*command.budget, sensitivity.before(), trials));
        chosen = sensitivity.try_layers(fmt::format("{} layers for the budget", layers->size()), *layers);
        if (!command.to.empty()) write_model(command.to, sensitivity.last_model());
    }
    if (command.json) {
        print_json_line(trial_json(sensitivity.before()));
        for (const SwapTrial& trial : trials) print_json_line(trial_json(trial));
        if (chosen) print_json_line(trial_json(*chosen));
        return 0;
    }
    std::vector<SwapTrial> rows = trials;
    if (chosen) rows.push_back(*chosen);
    print_trials(sensitivity.before(), rows);
    if (!chosen) return 0;
    fmt::print("for {:g} % of the attention's multiply-adds: {}\n", 100 * *command.budget, listed(chosen->layers));
    std::string settings;
    for (const std::string& setting : settings_for_layers(command.overrides, old.recipe, chosen->layers)) {
        if (setting.starts_with("attention.")) settings += " " + shell_argument(setting);
    }
    fmt::print("heed finetune {}{}\n", shell_argument(command.target), settings);
    if (!command.to.empty()) fmt::print("the converted model is in {}\n", command.to);
    return 0;
}

}  // namespace

int run(const ConvertCommand& command) {
    const std::string path = checkpoint_file(command.target);
    const CheckpointFacts facts = read_checkpoint_facts(SafetensorsFile(path));
    check_command_settings(facts.data->kind(), "convert", command.overrides);
    if (!command.to.empty()) check_output(command.to, command.target, {});
    const std::vector<std::string> settings = with_data_folder(command.target, command.overrides);
    const Recipe recipe = parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + path, settings);
    check_has_training_data(command, recipe, *facts.data);
    use_threads_of(recipe);
    const auto& general = recipe.options<GeneralOptions>("");
    Context context(general.device, general.products());
    TrainedModel old = TrainedModel::load(context, path, {});
    if (attention_text(old.recipe) == attention_text(recipe)) {
        throw UserError("heed convert puts another attention in the place of " + attention_text(recipe) +
                        " and was not told which: attention.type=... (or attention.layers, attention.PLACE.type)");
    }
    if (command.sensitivity) return show_sensitivity(command, facts.recipe, old, context);
    TrainedModel now =
        TrainedModel::untrained(context, parse_recipe(recipe_spec(), facts.recipe, recipe.path(), settings), old);
    if (!has_other_types(*old.model, *now.model)) throw UserError(no_layer_changes(old.recipe));
    const AttentionSwap swap = swapped(old, now, context);
    write_model(command.to, now);
    if (command.json) {
        print_json(swap, command.to);
        return 0;
    }
    for (const std::string& line : swap.lines()) fmt::print("{}\n", line);
    fmt::print("the converted model is in {}\n", command.to);
    return 0;
}

}  // namespace heed
