#include "heed/apps/comparison/run_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "heed/apps/comparison/comparison_report.h"
#include "heed/apps/comparison/inference_time.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/comparison/experiment.h"
#include "heed/trainers/comparison/run_groups.h"
#include "heed/trainers/report/provenance.h"
#include "heed/trainers/run/checks/resume_check.h"

namespace heed {

namespace {

/// What is only asked of trainings that are still to be made.
void refuse_plans(const CompareCommand& command) {
    const auto refuse = [](bool given, const std::string& what) {
        if (given) throw UserError(what + " has no effect on runs that have finished: give a recipe, or leave it out");
    };
    refuse(!command.overrides.empty(), command.overrides.empty() ? "" : command.overrides.front());
    refuse(!command.types.empty(), "--attention");
    refuse(command.seeds_given, "--seeds");
    refuse(command.jobs > 1, "--jobs");
    refuse(!command.grid.empty(), "--grid");
    refuse(!command.match.empty(), "--match");
    refuse(!command.name.empty(), "--name");
}

size_t baseline_in(const CompareCommand& command, const std::vector<Contender>& contenders) {
    std::vector<std::string> names;
    for (const Contender& contender : contenders) names.push_back(contender.name);
    const std::string wanted = command.baseline.empty() ? "sdpa" : command.baseline;
    const auto found = std::find(names.begin(), names.end(), wanted);
    if (found != names.end()) return static_cast<size_t>(found - names.begin());
    if (command.baseline.empty()) return 0;
    throw UserError("--baseline expects one of " + listed(names) + ", got " + quote(wanted) +
                    did_you_mean(wanted, names));
}

/// Measures what can be measured; a sentence where the data of a run are not there.
std::string measure(std::vector<Contender>& contenders) {
    for (Contender& contender : contenders) {
        for (RunResult& run : contender.runs) {
            try {
                const InferenceTime time = inference_time(run.folder, default_thread_count());
                run.inference_seconds = time.seconds;
                contender.remark = time.remark;
            } catch (const UserError& error) {
                return std::string("Inference was not measured: ") + error.what() + ".";
            }
        }
    }
    return "";
}

}  // namespace

bool compares_runs(const CompareCommand& command) {
    std::error_code ignored;
    return std::filesystem::is_directory(command.targets.front(), ignored);
}

Comparison compare_runs(const CompareCommand& command) {
    refuse_plans(command);
    std::vector<RunResult> runs;
    for (const std::string& folder : command.targets) runs.push_back(read_run_result(folder));
    for (const RunResult& run : runs) {
        if (!run.test.empty()) continue;
        throw UserError("the run in " + run.folder + " has not read its test set: heed train " + run.folder +
                        " --resume train.test=true does");
    }
    if (runs.size() < 2) throw UserError("expected two runs or more, got " + command.targets.front() + " alone");
    check_comparable(runs);
    Comparison comparison;
    comparison.metric = quality_metric(command.metric, runs);
    comparison.contenders = group_runs(std::move(runs));
    comparison.baseline = baseline_in(command, comparison.contenders);
    comparison.margin = command.margin.value_or(comparison.metric.margin);
    const std::string missing = measure(comparison.contenders);
    const RunResult& first = comparison.contenders.front().runs.front();
    comparison.title = "Runs on " + first.data->name + " compared";
    comparison.facts = {{"Data", first.data->name}, {"Baseline", comparison.base().name}};
    comparison.command = command.text;
    comparison.settings = settings_not_default(*first.recipe);
    comparison.recipe_yaml = portable_recipe(*first.recipe);
    compare(comparison, command.claims.empty() ? default_claims(comparison.contenders, comparison.baseline)
                                               : read_claims(command.claims));
    comparison.notes = notes_on_numbers(comparison);
    comparison.notes.emplace_back(
        "Training is the time in steps; whether other programs ran beside these runs is not known.");
    for (const std::string& note : {other_differences(comparison.contenders), missing}) {
        if (!note.empty()) comparison.notes.push_back(note);
    }
    return comparison;
}

}  // namespace heed
