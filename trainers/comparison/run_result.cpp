#include "heed/trainers/comparison/run_result.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

namespace {

/// Fields of a test that are no metrics.
bool is_metric(const std::string& name) {
    return name != "step" && name != "samples" && !name.ends_with("seconds") && !name.ends_with("_bytes");
}

void add_start(RunResult& result, const MetricsRecord& record) {
    result.steps = record.integer("steps");
    result.parameters = record.integer("parameters");
    result.attention_parameters = record.integer("attention_parameters");
    result.tokens = record.integer("tokens");
    result.multiplies = record.integer("multiplies");
}

void add_test(RunResult& result, const MetricsRecord& record) {
    result.test.clear();
    for (const auto& [name, value] : record.fields) {
        const std::optional<double> number = record.number(name);
        if (number && is_metric(name)) result.test[name] = *number;
    }
    const int64_t process = record.integer("process_bytes").value_or(0);
    result.peak_bytes = process > 0 ? std::optional(process) : record.integer("peak_bytes");
}

/// "data.split_seed 1 and 2, data.limit 0 and 100"
std::string data_differences(const Recipe& first, const Recipe& second) {
    const std::vector<Setting> a = first.explain(), b = second.explain();
    std::string text;
    for (const Setting& setting : a) {
        if (!setting.key.starts_with("data.") || setting.key == "data.root") continue;
        const auto other =
            std::find_if(b.begin(), b.end(), [&](const Setting& each) { return each.key == setting.key; });
        if (other == b.end() || other->value == setting.value) continue;
        text += fmt::format("{}{} is {} and {}", text.empty() ? "" : ", ", setting.key, setting.value, other->value);
    }
    return text;
}

void check_pair(const RunResult& first, const RunResult& second) {
    const std::string pair = first.folder + " and " + second.folder + " cannot be compared: ";
    if (first.data->name != second.data->name) {
        throw UserError(pair + "their data are " + first.data->name + " and " + second.data->name);
    }
    const std::vector<std::string> changed = first.data->fingerprints.changed(second.data->fingerprints);
    if (changed.empty() && first.data->class_names == second.data->class_names) return;
    const std::string settings = data_differences(*first.recipe, *second.recipe);
    throw UserError(pair +
                    (changed.empty() ? "their classes differ"
                                     : "their " + listed(changed) + (changed.size() > 1 ? " parts" : " part") +
                                           " of the data differ" + (changed.size() > 1 ? "" : "s")) +
                    (settings.empty() ? "; the files are others" : "; " + settings));
}

}  // namespace

RunResult read_run_result(const std::string& folder) {
    const RunPaths paths(folder);
    if (!is_run_folder(folder)) {
        throw UserError("expected a run folder, got " + folder + ", which is none" +
                        (path_exists(folder) ? "" : did_you_mean_folder(folder)));
    }
    if (run_state(paths) != RunState::finished) {
        throw UserError("the run in " + folder + " has not come to its end: heed train " + folder +
                        " --resume goes on with it");
    }
    const auto recipe = std::make_shared<const Recipe>(read_recipe(recipe_spec(), paths.recipe(), {}));
    RunResult result{.folder = paths.folder(),
                     .attention = attention_text(*recipe),
                     .seed = recipe->options<TrainOptions>("train").seed,
                     .recipe = recipe,
                     .data = read_checkpoint_facts(SafetensorsFile(checkpoint_file(folder))).data,
                     .history = {},
                     .test = {}};
    for_each_metrics_record(paths.metrics(), [&](const MetricsRecord& record) {
        result.history.add(record);
        if (record.event == "start") add_start(result, record);
        if (record.event == "test") add_test(result, record);
    });
    if (result.test.empty() && recipe->options<TrainOptions>("train").test) {
        throw UserError(
            fmt::format("the run in {} has finished, but {} has no result of its test: expected the whole file",
                        paths.folder(), paths.metrics()));
    }
    result.training_seconds = result.history.seconds;
    return result;
}

RunResult& RunResults::of(const std::string& folder) {
    const auto known = known_.find(folder);
    return known != known_.end() ? known->second : known_.emplace(folder, read_run_result(folder)).first->second;
}

void check_comparable(const std::vector<RunResult>& runs) {
    for (const RunResult& run : runs) check_pair(runs.front(), run);
}

}  // namespace heed
