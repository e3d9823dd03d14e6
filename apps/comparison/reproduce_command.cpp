#include <algorithm>
#include <string>
#include <vector>

#include "heed/apps/commands.h"
#include "heed/apps/comparison/shipped_file.h"
#include "heed/core/error.h"
#include "heed/trainers/comparison/experiment.h"
#include "heed/trainers/recipe/setting_key.h"

namespace heed {
namespace {

/// The settings of an experiment, in which those of the user stand for the same keys.
std::vector<std::string> changed_settings(const std::vector<std::string>& settings,
                                          const std::vector<std::string>& changes) {
    std::vector<std::string> all;
    for (const std::string& setting : settings) {
        const bool replaced = std::any_of(changes.begin(), changes.end(), [&](const std::string& change) {
            return setting_key(change) == setting_key(setting);
        });
        if (!replaced) all.push_back(setting);
    }
    all.insert(all.end(), changes.begin(), changes.end());
    return all;
}

}  // namespace

int run(const ReproduceCommand& command) {
    const std::string file = shipped_file("experiments", "experiment", command.experiment);
    const Experiment experiment = read_experiment(file);
    if (experiment.recipe.empty()) throw UserError(file + ": expected a recipe");
    const ExperimentSize& size = command.quick ? experiment.quick : experiment.full;
    CompareCommand compare;
    compare.text = command.text;
    compare.targets = {experiment.recipe};
    compare.overrides = changed_settings(size.settings, command.overrides);
    compare.types = experiment.attention;
    compare.seeds = command.seeds.value_or(size.seeds);
    compare.jobs = command.jobs;
    compare.metric = experiment.metric;
    compare.margin = experiment.margin;
    compare.grid = experiment.grid;
    compare.claims = file;
    compare.folder = command.folder;
    if (compare.folder.empty()) {
        compare.folder = "runs/reproduce/" + command.experiment + (command.quick ? "-quick" : "");
    }
    return run(compare);
}

}  // namespace heed
