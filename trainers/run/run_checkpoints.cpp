#include "heed/trainers/run/run_checkpoints.h"

#include <fmt/format.h>

#include <filesystem>

#include "heed/core/error.h"
#include "heed/trainers/run/checkpoint.h"
#include "heed/trainers/run/resume_check.h"

namespace heed {

RunCheckpoints::RunCheckpoints(const RunPaths& paths, Training& training, RunRecord& record)
    : paths_(paths), training_(training), record_(record), recipe_(portable_recipe(training.recipe)) {}

void RunCheckpoints::begin() {
    std::error_code ignored;
    std::filesystem::remove(paths_.best_checkpoint(), ignored);
}

bool RunCheckpoints::best_is_due() const {
    const TrainingState& progress = training_.trainer.progress();
    if (progress.best_step == 0) return false;
    std::error_code ignored;
    const bool there = std::filesystem::exists(paths_.best_checkpoint(), ignored);
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
    load_weights(SafetensorsFile(paths_.best_checkpoint()), training_.store);
}

void RunCheckpoints::save(const std::string& path) {
    record_.sync();
    Trainer& trainer = training_.trainer;
    write_checkpoint(path, training_.store, &trainer.optimizer(),
                     {recipe_, training_.workload.facts(), trainer.progress(), numeric_versions()}, trainer.average());
}

}  // namespace heed
