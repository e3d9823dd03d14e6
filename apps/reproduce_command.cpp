#include "heed/apps/commands.h"
#include "heed/apps/support/experiment_file.h"
#include "heed/core/error.h"
#include "heed/trainers/comparison/experiment.h"

namespace heed {

int run(const ReproduceCommand& command) {
    const std::string file = experiment_file(command.experiment);
    const Experiment experiment = read_experiment(file);
    if (experiment.recipe.empty()) throw UserError(file + ": expected a recipe");
    const ExperimentSize& size = command.quick ? experiment.quick : experiment.full;
    CompareCommand compare;
    compare.text = command.text;
    compare.targets = {experiment.recipe};
    compare.overrides = size.settings;
    compare.overrides.insert(compare.overrides.end(), command.overrides.begin(), command.overrides.end());
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
