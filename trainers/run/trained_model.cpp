#include "heed/trainers/run/trained_model.h"

#include <filesystem>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/loop/finite.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/run/run_folder.h"

namespace heed {

std::string checkpoint_file(const std::string& run_or_checkpoint) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    if (!path_exists(run_or_checkpoint)) {
        throw UserError("expected a run folder or a checkpoint, but there is no " + run_or_checkpoint +
                        did_you_mean_folder(run_or_checkpoint));
    }
    if (!fs::is_directory(run_or_checkpoint, ignored)) return run_or_checkpoint;
    RunPaths paths(run_or_checkpoint);
    if (path_exists(paths.average_checkpoint())) return paths.average_checkpoint();
    if (path_exists(paths.best_checkpoint())) return paths.best_checkpoint();
    if (path_exists(paths.last_checkpoint())) return paths.last_checkpoint();
    const std::optional<std::string> run = run_of_checkpoint(paths.folder() + "/any");
    if (run) {
        throw UserError("expected a run folder or a checkpoint, but " + paths.folder() +
                        " is the folder of the checkpoints of " + *run + ": give the run or one of the files");
    }
    throw UserError("expected a run folder with checkpoints, but there is no " + paths.last_checkpoint());
}

TrainedModel TrainedModel::load(Context& context, const std::string& run_or_checkpoint,
                                const std::vector<std::string>& overrides) {
    SafetensorsFile file(checkpoint_file(run_or_checkpoint));
    CheckpointFacts facts = read_checkpoint_facts(file);
    Recipe recipe = parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + file.path(), overrides);
    TrainedModel trained{std::move(recipe), std::move(facts.data), facts.progress.step, nullptr, nullptr};
    trained.model = trained.facts->kind().make_model(trained.recipe, *trained.facts);
    check_tensors(file, *trained.model);
    trained.store = std::make_unique<ParameterStore>(context, *trained.model, 0);
    load_weights(file, *trained.store);
    const std::string bad = first_non_finite_parameter(*trained.store);
    if (!bad.empty()) throw UserError(file.path() + " cannot be used: " + bad + " holds numbers that are not finite");
    return trained;
}

TrainedModel TrainedModel::untrained(Context& context, Recipe recipe, const TrainedModel& like) {
    TrainedModel model{std::move(recipe), like.facts, like.step, nullptr, nullptr};
    model.model = model.facts->kind().make_model(model.recipe, *model.facts);
    model.store = std::make_unique<ParameterStore>(context, *model.model, 0);
    return model;
}

}  // namespace heed
