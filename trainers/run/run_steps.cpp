#include "heed/trainers/run/run_steps.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "heed/core/error.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/record/metrics_reader.h"
#include "heed/trainers/report/report.h"
#include "heed/trainers/report/text.h"
#include "heed/trainers/run/checkpoint.h"
#include "heed/trainers/run/memory_use.h"

namespace heed {

RunSteps::RunSteps(Training& training, RunFolder& folder, RunRecord& record, RunCheckpoints& checkpoints,
                   std::string name)
    : training_(training),
      trainer_(training.trainer),
      folder_(folder),
      record_(record),
      checkpoints_(checkpoints),
      name_(std::move(name)) {}

bool RunSteps::out_of_patience() const {
    const int64_t patience = training_.options.patience;
    return patience > 0 && trainer_.progress().validations_since_best >= patience;
}

TrainEnd RunSteps::run() {
    StopSignals signals;
    const TrainingState& progress = trainer_.progress();
    record_.show_progress({trainer_.total_steps(), (trainer_.total_steps() - 1) / trainer_.epoch_steps() + 1,
                           training_.workload.unit(), trainer_.epoch()});
    const char* doing = "in the validation ";
    const auto stopped = [&] {
        record_.end_progress();
        record_.line(fmt::format("stopped by a signal {}after step {}; go on with --resume", doing, progress.step));
        return TrainEnd{TrainOutcome::interrupted, signals.signal()};
    };
    try {
        take_steps(signals);
        doing = "";
        if (signals.requested() && !all_done()) return stopped();
        doing = "in the test ";
        if (!trainer_.finished()) {
            record_.line(fmt::format("{} validations without a better one (train.patience): it ends after step {}",
                                     progress.validations_since_best, progress.step));
        }
        finish();
    } catch (const Stopped&) {
        return stopped();
    }
    return {TrainOutcome::finished};
}

void RunSteps::take_steps(const StopSignals& signals) {
    if (trainer_.progress().validation_due) end_epoch();
    const int64_t every = training_.options.checkpoint_every;
    while (!all_done() && !signals.requested()) {
        training_.watch.before_step(trainer_.progress().step + 1);
        const StepResult result = step();
        record_.step(result);
        record_.watched(result.step, training_.watch.after_step(result.step));
        const bool due = every > 0 && result.step % every == 0;
        if (trainer_.at_epoch_end() || trainer_.finished()) {
            end_epoch();
        } else if (due || signals.requested()) {
            checkpoints_.save_last();
        }
    }
}

StepResult RunSteps::step() {
    try {
        return trainer_.step();
    } catch (const NotFinite& error) {
        record_.end_progress();
        const std::string last = folder_.paths().last_checkpoint();
        const std::string text =
            std::string(error.what()) + "; " +
            (std::filesystem::exists(last) ? "the last good state is in " + last : "no state had been saved before");
        record_.to_log_file(text);
        throw Error(text);
    } catch (const UserError& error) {  // of the data, such as a damaged image
        record_.end_progress();
        const std::string text = fmt::format("step {}: {}", trainer_.progress().step + 1, error.what());
        record_.to_log_file(text);
        throw UserError(text);
    }
}

void RunSteps::end_epoch() {
    TrainingState& progress = trainer_.progress();
    const bool asked = trainer_.epoch() % training_.options.eval_every == 0 || trainer_.finished();
    if (asked && training_.task.samples(Split::validation) > 0) {
        progress.validation_due = true;
        try {
            validate();
        } catch (const Stopped&) {
            checkpoints_.save_last();
            throw;
        }
    }
    progress.validation_due = false;
    record_.end_epoch(progress.epoch);
    checkpoints_.save_last();
    if (progress.best_step == progress.step) checkpoints_.save_best();
}

void RunSteps::validate() {
    record_.pause("validation");
    const AveragedWeights averaged(trainer_.average());
    const Evaluation result = training_.task.evaluate(Split::validation);
    record_.validation(trainer_.progress().step, trainer_.epoch(), result);
    trainer_.progress().note_validation(result.score);
}

void RunSteps::finish() {
    const TrainingState& progress = trainer_.progress();
    const bool has_best = progress.best_step > 0;
    if (has_best) {
        checkpoints_.load_best();
    } else if (trainer_.average()) {
        trainer_.average()->swap();
    }
    record_.pause("test");
    const Evaluation result = training_.task.evaluate(Split::test);
    record_.end_progress();
    record_.test({.step = has_best ? progress.best_step : progress.step,
                  .weights = has_best ? "best checkpoint" : "last checkpoint",
                  .unit = training_.workload.unit(),
                  .evaluation = result,
                  .memory = memory_use(training_.store, trainer_.optimizer())});
    write_page(result);
    folder_.mark_finished();
}

void RunSteps::write_page(const Evaluation& test) {
    const Recipe& recipe = training_.recipe;
    ReportInput input{.paths = folder_.paths(),
                      .title = name_,
                      .metrics = read_metrics(folder_.paths().metrics()),
                      .unit = training_.workload.unit(),
                      .recipe_yaml = recipe.resolved_yaml()};
    training_.workload.add_to_report(input, test);
    input.facts.insert(input.facts.end(), {{"Model", recipe.section("model").choice()},
                                           {"Attention", recipe.section("attention").choice()},
                                           {"Parameters", group_digits(training_.task.model().parameter_count())},
                                           {"In a step", training_.step_text()},
                                           {"Versions", numeric_versions()}});
    write_report(input);
    record_.line("report: " + folder_.paths().report());
}

}  // namespace heed
