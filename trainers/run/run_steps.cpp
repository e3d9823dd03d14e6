#include "heed/trainers/run/run_steps.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "heed/core/ranks/other_rank_error.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/report/provenance.h"
#include "heed/trainers/report/report.h"
#include "heed/trainers/report/run_report.h"
#include "heed/trainers/report/swap.h"
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

TrainEnd RunSteps::run(const StopSignals& signals) {
    const TrainingState& progress = trainer_.progress();
    record_.show_progress({trainer_.total_steps(), (trainer_.total_steps() - 1) / trainer_.epoch_steps() + 1,
                           training_.kind().unit(), trainer_.epoch()});
    const char* doing = "in the validation ";
    const auto stopped = [&] {
        const int signal = signal_of_all(signals);
        record_.end_progress();
        record_.stopped(progress.step, stop_signal_name(signal));
        record_.line(fmt::format("stopped by a signal {}after step {}; go on with --resume", doing, progress.step));
        return TrainEnd{TrainOutcome::interrupted, signal};
    };
    try {
        take_steps(signals);
        doing = "";
        if (stops_ && !all_done()) return stopped();
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
    if (trainer_.progress().validation_due) after_step(true);
    const int64_t every = training_.options.checkpoint_every;
    const bool alone = training_.ranks.size() == 1;
    stops_ = alone && signals.requested();
    while (!all_done() && !stops_) {
        training_.watch.before_step(trainer_.progress().step + 1);
        const StepResult result = step(signals.requested());
        record_.step(result);
        record_.watched(result.step, watched(result.step));
        stops_ = alone ? signals.requested() : result.stop;
        after_step((every > 0 && result.step % every == 0) || stops_);
        if (alone) stops_ = signals.requested();
    }
}

std::vector<WatchedValue> RunSteps::watched(int64_t step) {
    std::vector<WatchedValue> values = training_.watch.after_step(step);
    if (values.empty() || training_.ranks.size() == 1) return values;
    const ExchangeTimes& times = trainer_.exchange().times();
    values.push_back({"exchange.backward_ended", times.backward_ended});
    values.push_back({"exchange.ended", times.ended});
    for (size_t bucket = 0; bucket < times.buckets.size(); ++bucket) {
        const std::string name = fmt::format("exchange.bucket.{}.", bucket);
        values.push_back({name + "bytes", static_cast<double>(times.buckets[bucket].bytes)});
        values.push_back({name + "sent", times.buckets[bucket].sent});
        values.push_back({name + "summed", times.buckets[bucket].summed});
    }
    return values;
}

int RunSteps::signal_of_all(const StopSignals& signals) const {
    int signal = signals.signal();
    if (is_left_alone_) return signal;
    for (const std::string& each : training_.ranks.gather(std::to_string(signal), "the signals")) {
        if (signal == 0) signal = std::stoi(each);
    }
    return signal;
}

StepResult RunSteps::step(bool asks_to_stop) {
    try {
        return trainer_.step(asks_to_stop);
    } catch (const NotFinite& error) {
        training_.ranks.end_by_agreement();  // the sums are the same on all
        if (training_.ranks.rank() != 0) throw OtherRankError(error.what());
        const std::string last = folder_.paths().last_checkpoint();
        const std::string text =
            std::string(error.what()) + "; " +
            (std::filesystem::exists(last) ? "the last good state is in " + last : "no state had been saved before");
        record_.diverged(trainer_.progress().step + 1, error.what());
        throw Error(text);
    } catch (const UserError& error) {  // of the data, such as a damaged image
        throw UserError(fmt::format("step {}: {}", trainer_.progress().step + 1, error.what()));
    }
}

bool RunSteps::validation_is_asked() const {
    const TrainOptions& options = training_.options;
    if (training_.task.samples(Split::validation) == 0) return false;
    if (trainer_.finished()) return true;
    if (options.eval_steps > 0) return trainer_.progress().step % options.eval_steps == 0;
    return trainer_.at_epoch_end() && trainer_.epoch() % options.eval_every == 0;
}

void RunSteps::after_step(bool save) {
    TrainingState& progress = trainer_.progress();
    const bool epoch_ends = trainer_.at_epoch_end() || trainer_.finished();
    const bool validates = validation_is_asked();
    if (validates) {
        progress.validation_due = true;
        record_.pause("validation");
        try {
            const Evaluation result = validate();
            record_.validation(progress.step, trainer_.epoch(), result, epoch_ends);
            progress.note_validation(result.score, result.compared_by, training_.options.keep_best);
        } catch (const Stopped&) {
            checkpoints_.save_last();
            throw;
        }
        checkpoints_.save_new_model();
    }
    progress.validation_due = false;
    if (epoch_ends) record_.end_epoch(progress.epoch);
    if (epoch_ends || validates || save) checkpoints_.save_last();
    if (!validates) return;
    if (progress.best_step == progress.step) checkpoints_.save_best();
    checkpoints_.remove_old_models();
}

Evaluation RunSteps::validate() {
    const AveragedWeights averaged(trainer_.average());
    return training_.task.evaluate(Split::validation);
}

bool RunSteps::average_is_better() {
    const TrainingState& progress = trainer_.progress();
    if (!training_.options.average_best || progress.kept.size() < 2) return false;
    record_.pause("validation");
    checkpoints_.load_average();
    const Evaluation result = training_.task.evaluate(Split::validation);
    const bool better = result.score > progress.best_score;
    record_.average(progress.step, std::ssize(progress.kept), result, better);
    return better;
}

RunSteps::Chosen RunSteps::choose_weights() {
    const TrainingState& progress = trainer_.progress();
    if (average_is_better()) {
        checkpoints_.save_average();
        return {fmt::format("mean of the {} best checkpoints", progress.kept.size()), progress.step};
    }
    if (progress.best_step > 0) {
        checkpoints_.load_best();
        return {"best checkpoint", progress.best_step};
    }
    if (trainer_.average()) trainer_.average()->swap();
    return {"last checkpoint", progress.step};
}

void RunSteps::finish() {
    const Chosen weights = choose_weights();
    if (!training_.options.test) {
        is_left_alone_ = true;
        if (training_.ranks.rank() == 0) finish_without_test(weights);
        return;
    }
    record_.pause("test");
    const Evaluation result = training_.task.evaluate(Split::test);
    if (training_.ranks.rank() != 0) return;
    is_left_alone_ = true;
    record_.end_progress();
    say_what_swap_came_to();
    record_.test({.step = weights.step,
                  .weights = weights.name,
                  .unit = training_.kind().unit(),
                  .evaluation = result,
                  .memory = memory_use(training_.store, trainer_.optimizer())});
    write_page(result);
    folder_.mark_finished();
}

void RunSteps::say_what_swap_came_to() {
    const History history = History::read(folder_.paths().metrics());
    const std::string line = history.swap ? swap_line(history) : "";
    if (!line.empty()) record_.line(line);
}

void RunSteps::finish_without_test(const Chosen& weights) {
    record_.end_progress();
    say_what_swap_came_to();
    record_.line(
        fmt::format("the test set was not read (train.test=false); the result of the run is the {}", weights.name));
    folder_.mark_finished();
    write_report_of_run(folder_.paths().folder(), {});
    record_.line("report: " + folder_.paths().report());
}

void RunSteps::write_page(const Evaluation& test) {
    const Recipe& recipe = training_.recipe;
    ReportInput input{.paths = folder_.paths(),
                      .title = name_,
                      .history = History::read(folder_.paths().metrics()),
                      .unit = training_.kind().unit(),
                      .settings = settings_not_default(recipe),
                      .recipe_yaml = recipe.resolved_yaml()};
    training_.workload.add_to_report(input, test);
    add_model_facts(input, recipe, training_.task.model().parameter_count());
    write_report(input);
    record_.line("report: " + folder_.paths().report());
}

}  // namespace heed
