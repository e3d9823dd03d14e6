#include "heed/trainers/run/run_checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/recipe/run_options.h"
#include "heed/trainers/run/checks/resume_check.h"

namespace heed {

namespace {

/// Of an earlier start. One that stayed would be taken for this run's.
void remove_checkpoint(const std::string& path) {
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error) throw Error("cannot remove " + path + ": " + error.message());
}

}  // namespace

RunCheckpoints::RunCheckpoints(const RunPaths& paths, Training& training, RunRecord& record)
    : paths_(paths),
      training_(training),
      record_(record),
      recipe_(portable_recipe(training.recipe)),
      weights_only_(training.recipe.options<RunOptions>("run").weights_only) {}

void RunCheckpoints::begin() {
    if (!owns()) return;
    remove_checkpoint(paths_.best_checkpoint());
    remove_checkpoint(paths_.average_checkpoint());
    remove_old_models();
}

void RunCheckpoints::go_on() {
    if (!owns()) return;
    for (const KeptModel& model : training_.trainer.progress().kept) {
        const std::string file = paths_.kept_checkpoint(model.step);
        if (path_exists(file)) continue;
        throw UserError(
            fmt::format("cannot resume {}: expected the model of step {}, one of the best, in {}, found none; put it "
                        "back, or start "
                        "a new run with init={}",
                        paths_.folder(), model.step, file, paths_.last_checkpoint()));
    }
    remove_checkpoint(paths_.average_checkpoint());
    remove_old_models();
}

bool RunCheckpoints::best_is_due() const {
    const TrainingState& progress = training_.trainer.progress();
    if (!owns() || progress.best_step == 0) return false;
    const bool there = path_exists(paths_.best_checkpoint());
    const int64_t step = there ? read_checkpoint_facts(SafetensorsFile(paths_.best_checkpoint())).progress.step : 0;
    if (step == progress.best_step) return false;
    if (progress.best_step == progress.step) return true;
    throw UserError(fmt::format(
        "cannot resume {}: expected the best checkpoint, of step {}, in {}, found {}; put it back, or start a new "
        "run with init={}",
        paths_.folder(), progress.best_step, paths_.best_checkpoint(),
        there ? fmt::format("that of step {}", step) : "none", paths_.last_checkpoint()));
}

void RunCheckpoints::load_best() {
    if (owns()) load_weights(SafetensorsFile(paths_.best_checkpoint()), training_.store);
    share_weights();
}

void RunCheckpoints::share_weights() {
    std::vector<Communication> sent;
    for (const ParameterGroup& group : training_.store.groups()) {
        sent.push_back(training_.ranks.broadcast(group.values, "the weights"));
    }
    for (Communication& each : sent) each.wait();
}

void RunCheckpoints::save_new_model() {
    const TrainingState& progress = training_.trainer.progress();
    const auto is_new = [&](const KeptModel& model) { return model.step == progress.step; };
    if (std::any_of(progress.kept.begin(), progress.kept.end(), is_new)) {
        save(paths_.kept_checkpoint(progress.step), true);
    }
}

void RunCheckpoints::remove_old_models() {
    if (!owns()) return;
    std::set<std::string> kept;
    for (const KeptModel& model : training_.trainer.progress().kept) kept.insert(paths_.kept_checkpoint(model.step));
    std::error_code error;
    for (std::filesystem::directory_iterator entry(paths_.checkpoints(), error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        const std::string path = paths_.checkpoints() + "/" + name;
        std::error_code ignored;
        if (name.starts_with("step-") && !kept.contains(path)) std::filesystem::remove(path, ignored);
    }
}

void RunCheckpoints::load_average() {
    if (owns()) average_kept_models();
    share_weights();
}

void RunCheckpoints::average_kept_models() {
    std::vector<std::vector<double>> sums;
    const std::vector<KeptModel>& kept = training_.trainer.progress().kept;
    for (const KeptModel& model : kept) {
        load_weights(SafetensorsFile(paths_.kept_checkpoint(model.step)), training_.store);
        sums.resize(training_.store.groups().size());
        for (size_t index = 0; index < sums.size(); ++index) {
            const std::vector<float> values = training_.store.groups()[index].values.to_vector();
            sums[index].resize(values.size());
            for (size_t i = 0; i < values.size(); ++i) sums[index][i] += static_cast<double>(values[i]);
        }
    }
    for (size_t index = 0; index < sums.size(); ++index) {
        std::vector<float> mean;
        mean.reserve(sums[index].size());
        for (const double sum : sums[index]) mean.push_back(static_cast<float>(sum / static_cast<double>(kept.size())));
        training_.store.groups()[index].values.copy_from_host(mean.data());
    }
}

void RunCheckpoints::save(const std::string& path, bool weights_only) {
    Trainer& trainer = training_.trainer;
    const bool gathers = !weights_only && trainer.optimizer().is_restricted();
    const std::vector<OptimizerState> gathered = gathers ? trainer.gather_optimizer() : std::vector<OptimizerState>();
    if (!owns()) return;
    record_.sync();
    // The mean of the best is in the model itself, all else that is saved is the model in training or its average.
    WeightAverage* average = path == paths_.average_checkpoint() ? nullptr : trainer.average();
    write_checkpoint(path, training_.store,
                     weights_only ? nullptr
                     : gathers    ? &gathered
                                  : &trainer.optimizer().states(),
                     {recipe_, training_.workload.facts(), trainer.progress(), numeric_versions(), weights_only,
                      training_.teacher_checksum},
                     average);
}

}  // namespace heed
