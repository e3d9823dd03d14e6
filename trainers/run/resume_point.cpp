#include "heed/trainers/run/resume_point.h"

#include <fmt/format.h>

#include <filesystem>

#include "heed/core/error.h"
#include "heed/core/files/path_exists.h"
#include "heed/trainers/loop/finite.h"

namespace heed {

ResumePoint open_resume_point(const RunPaths& paths) {
    try {
        SafetensorsFile file(paths.last_checkpoint());
        CheckpointFacts facts = read_checkpoint_facts(file);
        if (facts.weights_only) {
            throw UserError(file.path() + " holds weights alone (run.weights_only), without the state of a training");
        }
        return {std::move(file), std::move(facts)};
    } catch (const UserError& error) {
        const bool best = path_exists(paths.best_checkpoint());
        throw UserError(fmt::format("cannot resume {}: {}; start a new run{}", paths.folder(), error.what(),
                                    best ? " with init=" + paths.best_checkpoint() : ""));
    }
}

void load_state(const ResumePoint& point, Training& training, bool has_finished) {
    Trainer& trainer = training.trainer;
    if (trainer.average()) {
        load_averaged_weights(point.file, training.store, *trainer.average());
    } else {
        load_weights(point.file, training.store);
    }
    const std::string bad = first_non_finite_parameter(training.store);
    if (!bad.empty()) {
        throw UserError(point.file.path() + " cannot be used: " + bad + " holds numbers that are not finite");
    }
    load_optimizer(point.file, training.store, trainer.optimizer());
    const int64_t done = point.facts.progress.step;
    if (done > trainer.total_steps() && !has_finished) {
        throw UserError(training.recipe.placed(fmt::format(
            "train.{} expects at least what is done, {} steps of {} an epoch, got {} steps",
            training.options.steps > 0 ? "steps" : "epochs", done, trainer.epoch_steps(), trainer.total_steps())));
    }
    if (!training.teacher) training.teacher_checksum = point.facts.teacher;
    if (!point.facts.teacher.empty() && point.facts.teacher != training.teacher_checksum) {
        throw UserError(training.recipe.placed(
            "distill.teacher: the run has followed another model than the one that is there now; put the old one back, "
            "or start a new run"));
    }
    trainer.begin(point.facts.progress);
}

}  // namespace heed
