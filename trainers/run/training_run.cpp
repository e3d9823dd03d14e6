#include "heed/trainers/run/training_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/parallel.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/loop/parameter_rules.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/loop/training_watch.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/run_options.h"
#include "heed/trainers/record/event_file.h"
#include "heed/trainers/record/metrics_log.h"
#include "heed/trainers/record/metrics_reader.h"
#include "heed/trainers/report/report.h"
#include "heed/trainers/report/text.h"
#include "heed/trainers/run/checkpoint.h"
#include "heed/trainers/run/initial_weights.h"
#include "heed/trainers/run/memory_use.h"
#include "heed/trainers/run/resume_check.h"
#include "heed/trainers/run/signals.h"

namespace heed {

namespace {

std::string percent(double fraction) {
    return fmt::format("{:.2f} %", 100.0 * fraction);
}

RunFolder open_folder(const Recipe& recipe, bool resume) {
    const std::string& folder = recipe.options<RunOptions>("run").dir;
    if (!folder.empty()) {
        std::error_code ignored;
        if (resume && !std::filesystem::exists(folder, ignored)) {
            throw UserError("there is no run folder " + folder + " to resume" + did_you_mean_folder(folder) +
                            "; without --resume a new run begins there");
        }
        return RunFolder(folder, resume);
    }
    if (resume) {
        if (std::optional<std::string> latest = latest_run_in(runs_folder(recipe))) return RunFolder(*latest, true);
    }
    return RunFolder::next_in(runs_folder(recipe));
}

/// The state that the run goes on from. UserError with a way out where the file is damaged.
SafetensorsFile open_last_checkpoint(const RunPaths& paths) {
    try {
        return SafetensorsFile(paths.last_checkpoint());
    } catch (const UserError& error) {
        std::error_code ignored;
        const bool best = std::filesystem::exists(paths.best_checkpoint(), ignored);
        throw UserError(fmt::format("cannot resume {}: {}; start a new run{}", paths.folder(), error.what(),
                                    best ? " with init=" + paths.best_checkpoint() : ""));
    }
}

/// With what the checkpoint knows of the data where a run is resumed that has one.
std::unique_ptr<Workload> open_workload(const Recipe& recipe, Context& context, bool resume) {
    std::string folder = recipe.options<RunOptions>("run").dir;
    if (resume && folder.empty()) folder = latest_run_in(runs_folder(recipe)).value_or("");
    std::error_code ignored;
    if (!resume || folder.empty() || !std::filesystem::exists(RunPaths(folder).last_checkpoint(), ignored)) {
        return kind_of(recipe).open(recipe, context, nullptr);
    }
    const SharedFacts known = read_checkpoint_facts(open_last_checkpoint(RunPaths(folder))).data;
    const TrainingKind& kind = kind_of(recipe);
    if (&known->kind() != &kind) {
        throw UserError(fmt::format("the training in {} was begun with {}, not {}: start a new run without --resume",
                                    folder, known->kind().name(), kind.name()));
    }
    return kind.open(recipe, context, known);
}

/// One training from its start or its last checkpoint to its end.
class TrainingRun {
public:
    TrainingRun(const Recipe& recipe, bool resume)
        : recipe_(recipe),
          train_(recipe.options<TrainOptions>("train")),
          context_(recipe.options<GeneralOptions>("").device),
          workload_(open_workload(recipe, context_, resume)),
          task_(workload_->task()),
          own_store_(make_parameter_store(recipe, context_, task_.model())),
          store_(*own_store_),
          trainer_(context_, task_, store_, train_, recipe.options<OptimizerOptions>("optimizer"), workload_->batch(),
                   communicator_),
          watch_(task_, store_, workload_->attention_weights(), train_.watch_every),
          initialised_(!resume && prepare()),
          folder_(open_folder(recipe, resume)),
          paths_(folder_.paths()),
          name_(std::filesystem::path(runs_folder(recipe)).filename().string()),
          portable_recipe_(portable_recipe(recipe)) {
        log_.open(paths_.log());
    }

    TrainEnd run(bool resume) {
        if (folder_.state() == RunState::fresh) {
            start();
            if (resume) log_.line("there is no checkpoint in " + paths_.folder() + ": starting from the beginning");
        } else {
            load_state();
            if ((trainer_.finished() || out_of_patience()) && folder_.state() == RunState::finished) {
                const char* limit = !trainer_.finished() ? "train.patience"
                                    : train_.steps > 0   ? "train.steps"
                                                         : "train.epochs";
                log_.line(
                    fmt::format("the run in {} has ended after {} steps: nothing is left to do (more {} would go on)",
                                paths_.folder(), trainer_.progress().step, limit));
                return {TrainOutcome::already_finished};
            }
            go_on();
        }
        describe();
        return loop();
    }

private:
    void start() {
        // Otherwise they were loaded before there was a run folder, so that weights that do not fit leave none behind.
        if (initialised_ || load_initial_weights(recipe_, store_)) {
            log_.line("starting from the weights in " + recipe_.options<GeneralOptions>("").init);
            if (has_other_tokenizer(recipe_, *workload_->facts())) {
                log_.line(
                    "warning: they were trained with another tokenizer, so that their word vectors belong to other "
                    "words (tokenizer.file takes a SentencePiece model or BERT vocabulary out of a run folder)");
            }
        }
        std::error_code ignored;
        std::filesystem::remove(paths_.best_checkpoint(), ignored);  // of a run that did not come to save its state
        write_recipe();
        for (const auto& [name, tokenizer] : workload_->facts()->tokenizers()) {
            write_file_atomically(paths_.folder() + "/" + name + "." + tokenizer->kind, tokenizer->bytes);
        }
        metrics_.emplace(paths_.metrics(), MetricsLog::Mode::start_new);
        open_events(0);
        trainer_.begin({});
    }

    /// What has to be right before there is a run folder.
    bool prepare() {
        if (train_.patience > 0 && task_.samples(Split::validation) == 0) {
            throw UserError(recipe_.placed("train.patience needs a validation set: data.validation above 0"));
        }
        return load_initial_weights(recipe_, store_);
    }

    void load_state() {
        const SafetensorsFile file = open_last_checkpoint(paths_);
        const CheckpointFacts facts = read_checkpoint_facts(file);
        check_resumable(recipe_, parse_recipe(recipe_spec(), facts.recipe, "the recipe in " + file.path(), {}),
                        paths_.folder());
        if (trainer_.average()) {
            load_averaged_weights(file, store_, *trainer_.average());
        } else {
            load_weights(file, store_);
        }
        load_optimizer(file, store_, trainer_.optimizer());
        if (facts.progress.step > trainer_.total_steps() && folder_.state() != RunState::finished) {
            throw UserError(recipe_.placed(
                fmt::format("train.{} expects at least what is done, {} steps of {} an epoch, got {} steps",
                            train_.steps > 0 ? "steps" : "epochs", facts.progress.step, trainer_.epoch_steps(),
                            trainer_.total_steps())));
        }
        trainer_.begin(facts.progress);
        resumed_versions_ = facts.versions;
    }

    /// The best checkpoint is written after the last, so that a run killed in between lacks it and can still make it:
    /// then true. Throws UserError when it is lost.
    bool best_is_due() {
        const TrainingState& progress = trainer_.progress();
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

    /// After load_state; also ends a run that was killed between its last step and its test.
    void go_on() {
        const int64_t step = trainer_.progress().step;
        const bool saves_best = best_is_due();
        const int64_t recorded = truncate_metrics_after_step(paths_.metrics(), step);
        metrics_.emplace(paths_.metrics(), MetricsLog::Mode::append);
        open_events(step);
        if (saves_best) save(paths_.best_checkpoint());
        folder_.mark_unfinished();
        metrics_->write("resume", {{"step", step}, {"versions", numeric_versions()}});
        write_recipe();
        log_.line(fmt::format("resuming {} after step {}", paths_.folder(), step));
        if (recorded < step) {
            log_.line(fmt::format("warning: {} ends at step {}, so the report will lack steps {} to {}",
                                  paths_.metrics(), recorded, recorded + 1, step));
        }
        if (resumed_versions_ != numeric_versions()) {
            log_.line("the checkpoint was written by " + resumed_versions_ + ", this is " + numeric_versions() +
                      ": results are equal up to rounding");
        }
    }

    void open_events(int64_t step) {
        if (recipe_.options<RunOptions>("run").tensorboard) events_.emplace(paths_.events(), step);
    }

    void write_recipe() { write_file_atomically(paths_.recipe(), run_recipe(recipe_, name_)); }

    void describe() {
        log_.line(fmt::format("run folder {}", paths_.folder()));
        for (const std::string& line : workload_->description()) log_.line(line);
        log_.line(fmt::format("{} steps of {}, {} steps an epoch, {} {}", trainer_.total_steps(), step_text(),
                              trainer_.epoch_steps(), thread_count(), thread_count() == 1 ? "thread" : "threads"));
        if (train_.watch_every > 0 && watch_.samples() == 0) {
            log_.line("train.watch_every measures no attention: the sequences are too long");
        }
        for (const std::string& note : recipe_.notes()) log_.line("note: " + note);
    }

    /// What a step counts: "64 images".
    std::string step_text() const {
        return fmt::format("{}{} {}", workload_->batch_is_limit() ? "at most " : "",
                           workload_->batch() * train_.accumulate, workload_->unit());
    }

    TrainEnd loop() {
        StopSignals signals;
        log_.show_progress({trainer_.total_steps(), (trainer_.total_steps() - 1) / trainer_.epoch_steps() + 1,
                            workload_->unit(), trainer_.progress().position.epoch});
        const char* doing = "in the validation ";
        const auto stopped = [&] {
            log_.end_progress();
            log_.line(fmt::format("stopped by a signal {}after step {}; go on with --resume", doing,
                                  trainer_.progress().step));
            return TrainEnd{TrainOutcome::interrupted, signals.signal()};
        };
        try {
            if (trainer_.progress().epoch_end_due) complete_epoch();
            while (!trainer_.finished() && !out_of_patience()) {
                watch_.before_step(trainer_.progress().step + 1);
                const StepResult result = step();
                record(result);
                record_watched(result.step);
                const bool due = train_.checkpoint_every > 0 && result.step % train_.checkpoint_every == 0;
                if (trainer_.at_epoch_end() || trainer_.finished()) {
                    complete_epoch();
                } else if (due || signals.requested()) {
                    save(paths_.last_checkpoint());
                }
                if (signals.requested()) break;
            }
            doing = "";
            if (signals.requested() && !trainer_.finished() && !out_of_patience()) return stopped();
            doing = "in the test ";
            if (!trainer_.finished()) {
                log_.line(fmt::format("{} validations without a better one (train.patience): it ends after step {}",
                                      trainer_.progress().validations_since_best, trainer_.progress().step));
            }
            finish();
        } catch (const Stopped&) {
            return stopped();
        }
        return {TrainOutcome::finished};
    }

    /// A validation that a signal ends is made up for when the run is resumed.
    void complete_epoch() {
        TrainingState& progress = trainer_.progress();
        progress.epoch_end_due = true;
        try {
            end_epoch();
        } catch (const Stopped&) {
            save(paths_.last_checkpoint());
            throw;
        }
        progress.epoch_end_due = false;
        save(paths_.last_checkpoint());
        if (progress.best_step == progress.step) save(paths_.best_checkpoint());
    }

    bool out_of_patience() {
        return train_.patience > 0 && trainer_.progress().validations_since_best >= train_.patience;
    }

    StepResult step() {
        try {
            return trainer_.step();
        } catch (const NotFinite& error) {
            log_.end_progress();
            const bool saved = std::filesystem::exists(paths_.last_checkpoint());
            const std::string text = std::string(error.what()) + "; " +
                                     (saved ? "the last good state is in " + paths_.last_checkpoint()
                                            : std::string("no state had been saved before"));
            log_.to_file(text);
            throw Error(text);
        }
    }

    void record(const StepResult& result) {
        metrics_->write("step", {{"step", result.step},
                                 {"epoch", result.epoch + 1},
                                 {"loss", result.loss},
                                 {"accuracy", result.accuracy},
                                 {"lr", result.lr},
                                 {"gradient_norm", result.gradient_norm},
                                 {"samples", result.samples},
                                 {"seconds", result.seconds},
                                 {"data_wait", result.data_wait}});
        if (events_) {
            events_->scalar("train/loss", result.step, result.loss);
            events_->scalar("train/accuracy", result.step, result.accuracy);
            events_->scalar("train/lr", result.step, result.lr);
            events_->scalar("train/gradient_norm", result.step, result.gradient_norm);
        }
        log_.step(result.step, result.epoch + 1, result.loss, result.samples, result.seconds);
        epoch_.seconds += result.seconds;
        epoch_.data_wait += result.data_wait;
    }

    void record_watched(int64_t step) {
        const std::vector<WatchedValue> values = watch_.after_step(step);
        if (values.empty()) return;
        std::vector<MetricsField> fields = {{"step", step}};
        for (const WatchedValue& each : values) {
            fields.emplace_back(each.name, each.value);
            if (events_) events_->scalar("watch/" + each.name, step, each.value);
        }
        metrics_->write("watch", fields);
    }

    void end_epoch() {
        const LossSums& sums = trainer_.progress().epoch;
        const double samples = static_cast<double>(sums.count);
        std::string metrics = fmt::format("{}, accuracy {}", loss_text(sums.loss / samples),
                                          percent(static_cast<double>(sums.correct) / samples));
        if (epoch_.seconds > 0.0) {
            metrics += fmt::format(", waiting for data {}", percent(epoch_.data_wait / epoch_.seconds));
        }
        const bool validates = epoch() % train_.eval_every == 0 || trainer_.finished();
        if (validates && task_.samples(Split::validation) > 0) metrics += validate();
        log_.end_epoch(metrics);
        epoch_ = {};
    }

    /// Of the last step, counted from 1.
    int64_t epoch() {
        const int64_t done = trainer_.progress().position.epoch;
        return trainer_.at_epoch_end() ? done : done + 1;
    }

    std::string validate() {
        TrainingState& progress = trainer_.progress();
        log_.pause("validation");
        const AveragedWeights averaged(trainer_.average());
        Evaluation result = task_.evaluate(Split::validation);
        if (events_) {
            events_->scalar("validation/loss", progress.step, result.loss);
            events_->scalar("validation/accuracy", progress.step, result.accuracy);
        }
        std::vector<MetricsField> fields = {{"step", progress.step},
                                            {"epoch", epoch()},
                                            {"compared_by", std::string_view(result.compared_by)},
                                            {"score", result.score}};
        add_fields(fields, result);
        metrics_->write("validation", fields);
        if (progress.best_step == 0 || result.score > progress.best_score) {
            progress.best_score = result.score;
            progress.best_step = progress.step;
            progress.validations_since_best = 0;
        } else {
            ++progress.validations_since_best;
        }
        return fmt::format("; validation {}, accuracy {}{}", loss_text(result.loss), percent(result.accuracy),
                           result.labels.empty() ? "" : "," + metrics_text(result));
    }

    /// " micro_f1 0.9123, macro_f1 0.8712"
    static std::string metrics_text(const Evaluation& result) {
        std::string text;
        for (const auto& [name, value] : result.more) {
            text += fmt::format("{} {} {:.4f}", text.empty() ? "" : ",", name, value);
        }
        return text;
    }

    static void add_fields(std::vector<MetricsField>& fields, const Evaluation& result) {
        fields.insert(fields.end(), {{"loss", result.loss}, {"accuracy", result.accuracy}});
        for (const auto& [name, value] : result.more) fields.emplace_back(name, value);
        fields.insert(fields.end(), {{"samples", result.count}, {"seconds", result.seconds}});
    }

    void save(const std::string& path) {
        metrics_->sync();
        write_checkpoint(path, store_, &trainer_.optimizer(),
                         {portable_recipe_, workload_->facts(), trainer_.progress(), numeric_versions()},
                         trainer_.average());
    }

    void finish() {
        const bool has_best = trainer_.progress().best_step > 0;
        if (has_best)
            load_weights(SafetensorsFile(paths_.best_checkpoint()), store_);
        else if (trainer_.average())
            trainer_.average()->swap();
        log_.pause("test");
        Evaluation result = task_.evaluate(Split::test);
        log_.end_progress();
        const MemoryUse memory = memory_use(store_, trainer_.optimizer());
        if (events_) {
            events_->scalar("test/loss", trainer_.progress().step, result.loss);
            events_->scalar("test/accuracy", trainer_.progress().step, result.accuracy);
        }
        std::vector<MetricsField> fields = {
            {"step", has_best ? trainer_.progress().best_step : trainer_.progress().step}};
        add_fields(fields, result);
        fields.insert(fields.end(), {{"peak_bytes", memory.peak},
                                     {"parameter_bytes", memory.parameters},
                                     {"gradient_bytes", memory.gradients},
                                     {"optimizer_bytes", memory.optimizer},
                                     {"process_bytes", memory.process_peak}});
        metrics_->write("test", fields);
        metrics_->sync();
        log_.line(fmt::format("test: accuracy {}, loss {:.4f} ({} checkpoint, {} {})", percent(result.accuracy),
                              result.loss, has_best ? "best" : "last", result.count, workload_->unit()));
        if (!result.labels.empty()) log_.line("test:" + metrics_text(result) + " (accuracy: all labels are right)");
        for (const std::string& line : result.remarks) log_.line(line);
        write_page(result);
        folder_.mark_finished();
    }

    void write_page(const Evaluation& test) {
        ReportInput input{.paths = paths_,
                          .title = name_,
                          .metrics = read_metrics(paths_.metrics()),
                          .unit = workload_->unit(),
                          .recipe_yaml = recipe_.resolved_yaml()};
        workload_->add_to_report(input, test);
        input.facts.insert(input.facts.end(), {{"Model", recipe_.section("model").choice()},
                                               {"Attention", recipe_.section("attention").choice()},
                                               {"Parameters", group_digits(task_.model().parameter_count())},
                                               {"In a step", step_text()},
                                               {"Versions", numeric_versions()}});
        write_report(input);
        log_.line("report: " + paths_.report());
    }

    /// Seconds since the epoch began, or since the run was resumed in it.
    struct EpochTimes {
        double seconds = 0.0, data_wait = 0.0;
    };

    const Recipe& recipe_;
    const TrainOptions& train_;
    Context context_;
    SelfCommunicator communicator_;
    std::unique_ptr<Workload> workload_;
    Task& task_;
    std::unique_ptr<ParameterStore> own_store_;
    ParameterStore& store_;
    Trainer trainer_;
    TrainingWatch watch_;
    bool initialised_;  // with the weights of `init`
    RunFolder folder_;
    RunPaths paths_;
    std::string name_;  // of the report
    std::string portable_recipe_;
    RunLog log_;
    std::optional<MetricsLog> metrics_;
    std::optional<EventFile> events_;  // for TensorBoard
    EpochTimes epoch_;
    std::string resumed_versions_;  // that wrote the checkpoint gone on from
};

}  // namespace

std::string runs_folder(const Recipe& recipe) {
    const std::string& name = recipe.options<RunOptions>("run").name;
    if (!name.empty()) return "runs/" + name;
    const std::filesystem::path path(recipe.path());
    const std::string parent = std::filesystem::absolute(path).parent_path().filename().string();
    const std::string stem = path.stem().string();
    return "runs/" + (parent.empty() || parent == "recipes" ? stem : parent + "-" + stem);
}

namespace {

/// A run folder, or the recipe in it, means that run.
Recipe requested_recipe(const TrainRequest& request) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    std::string file = request.recipe;
    std::vector<std::string> overrides = request.overrides;
    const auto sets_folder = [](const std::string& setting) { return setting.starts_with("run.dir="); };
    const bool other_folder = std::any_of(overrides.begin(), overrides.end(), sets_folder);
    std::string run;
    if (fs::is_directory(file, ignored)) {
        run = RunPaths(file).folder();
        if (!is_run_folder(run)) {
            throw UserError("expected a recipe file or a run folder, but the folder " + run + " holds no run");
        }
        if (!request.resume) throw UserError(run + " is a run folder: --resume goes on with its training");
        if (other_folder) throw UserError("run.dir cannot be given beside the run folder " + run);
        file = RunPaths(run).recipe();
    } else if (request.resume && !fs::exists(file, ignored) && fs::path(file).extension() != ".yaml") {
        throw UserError("there is no run folder or recipe " + file + " to resume" + did_you_mean_folder(file));
    } else if (request.resume && !other_folder) {
        const fs::path parent = fs::path(file).parent_path();
        const std::string folder = parent.empty() ? "." : parent.string();
        if (fs::path(file).filename() == fs::path(RunPaths(folder).recipe()).filename() && is_run_folder(folder)) {
            run = folder;
        }
    }
    if (!run.empty()) overrides.push_back("run.dir=" + run);
    return read_recipe(recipe_spec(), file, overrides);
}

}  // namespace

TrainEnd train(const TrainRequest& request) {
    const Recipe recipe = requested_recipe(request);
    const int64_t threads = recipe.options<GeneralOptions>("").threads;
    set_thread_count(threads > 0 ? static_cast<int>(threads) : default_thread_count());
    TrainingRun run(recipe, request.resume);
    return run.run(request.resume);
}

}  // namespace heed
