#include "heed/trainers/run/training_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/files/path_exists.h"
#include "heed/core/parallel.h"
#include "heed/core/ranks/card_ranks.h"
#include "heed/core/ranks/process_ranks.h"
#include "heed/core/ranks/together.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/ranks/rank_threads.h"
#include "heed/trainers/ranks/same_training.h"
#include "heed/trainers/recipe/general_options.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/run_options.h"
#include "heed/trainers/record/run_record.h"
#include "heed/trainers/record/shell_argument.h"
#include "heed/trainers/run/checks/product_speed.h"
#include "heed/trainers/run/checks/resume_check.h"
#include "heed/trainers/run/checks/schedule_check.h"
#include "heed/trainers/run/checks/training_memory.h"
#include "heed/trainers/run/initial_model.h"
#include "heed/trainers/run/resume_point.h"
#include "heed/trainers/run/run_checkpoints.h"
#include "heed/trainers/run/run_steps.h"
#include "heed/trainers/run/saved_model.h"
#include "heed/trainers/run/signals.h"
#include "heed/trainers/run/training.h"

namespace heed {

namespace {

RunFolder new_folder(const RunTarget& target) {
    return target.folder.empty() ? RunFolder::next_in(runs_folder(target.recipe)) : RunFolder(target.folder, false);
}

/// The parts of a run whose folder is open.
struct OpenRun {
    OpenRun(Training& run_training, RunFolder& run_folder, RunBeginning run_beginning)
        : training(run_training),
          folder(run_folder),
          paths(folder.paths()),
          beginning(std::move(run_beginning)),
          record(paths, training.recipe.options<RunOptions>("run").tensorboard, owns()),
          checkpoints(paths, training, record) {}

    /// Whether this rank writes.
    bool owns() const { return training.ranks.rank() == 0; }

    Training& training;
    RunFolder& folder;
    const RunPaths& paths;
    RunBeginning beginning;
    RunRecord record;
    RunCheckpoints checkpoints;
};

RunOrigin origin_of(const TrainRequest& request) {
    if (!request.command.empty()) return {request.command, request.commit, numeric_versions()};
    std::string command = "heed train " + shell_argument(request.recipe);
    for (const std::string& setting : request.overrides) command += " " + shell_argument(setting);
    if (request.resume) command += " --resume";
    for (const std::string& change : request.changes) command += " --change " + shell_argument(change);
    return {command, request.commit, numeric_versions()};
}

RunSize size_of(Training& training) {
    Module& model = training.task.model();
    const ExpectedData data = {training.workload.facts(), training.task.samples(Split::train), false,
                               training.trainer.epoch_steps()};
    const SampleCost sample = training.kind().sample_cost(training.recipe, model, data);
    return {.steps = training.trainer.total_steps(),
            .parameters = model.parameter_count(),
            .attention_parameters = attention_parameter_count(model),
            .tokens = sample.tokens,
            .multiplies = sample.multiplies};
}

void write_recipe(const OpenRun& run) {
    if (!run.owns()) return;
    write_file_atomically(run.paths.recipe(), run_recipe(run.training.recipe, run.beginning));
}

/// The first files of a new run.
void begin(OpenRun& run, const RunOrigin& origin, const InitialModel& initial) {
    const DataFacts& facts = *run.training.workload.facts();
    for (const std::string& line : initial.lines) run.record.line(line);
    run.checkpoints.begin();
    write_recipe(run);
    for (const auto& [name, tokenizer] : facts.tokenizers()) {
        if (!run.owns()) break;
        write_file_atomically(run.paths.folder() + "/" + name + "." + tokenizer->kind, tokenizer->bytes);
    }
    run.record.begin();
    run.record.started(origin, run.training.kind().unit(), size_of(run.training));
    if (initial.swap) run.record.swapped(*initial.swap);
}

/// After load_state; also for a run that was killed between its last step and its test.
void go_on(OpenRun& run, const CheckpointFacts& from, const RunOrigin& origin,
           const std::vector<SettingChange>& changes) {
    const int64_t step = from.progress.step;
    const bool saves_best = run.checkpoints.best_is_due();
    run.checkpoints.go_on();
    const int64_t recorded = run.record.go_on(step, run.folder.state() == RunState::finished);
    if (saves_best) run.checkpoints.save_best();
    run.record.resumed(step, origin);
    for (const SettingChange& change : changes) run.record.changed(step, change.key, change.from, change.to);
    run.record.sync();  // a finished run's test, which stays, must not stand last when the mark is gone
    run.folder.mark_unfinished();
    if (!changes.empty()) run.checkpoints.save_last();  // with the recipe that holds from now on
    write_recipe(run);
    run.record.line(fmt::format("resuming {} after step {}", run.paths.folder(), step));
    if (recorded < step) {
        run.record.line(fmt::format("warning: {} ends at step {}, so the report will lack steps {} to {}",
                                    run.paths.metrics(), recorded, recorded + 1, step));
    }
    if (from.versions != numeric_versions()) {
        run.record.line("the checkpoint was written by " + from.versions + ", this is " + numeric_versions() +
                        ": results are equal up to rounding");
    }
}

/// `memory` and `exchange` are what there is to say of these.
void describe(OpenRun& run, const std::string& memory, const std::string& exchange) {
    const Training& training = run.training;
    const Trainer& trainer = training.trainer;
    if (!training.workload.task().has_accuracy()) run.record.omit_accuracy();
    run.record.line(fmt::format("run folder {}", run.paths.folder()));
    for (const std::string& line : training.workload.description()) run.record.line(line);
    const int ranks = training.ranks.size();
    run.record.line(fmt::format("{} steps of {}, {} steps an epoch, {}{} {}", trainer.total_steps(),
                                training.kind().step_text(training.recipe), trainer.epoch_steps(),
                                ranks == 1 ? "" : fmt::format("{} processes of ", ranks), thread_count(),
                                thread_count() == 1 ? "thread" : "threads"));
    const auto& general = training.recipe.options<GeneralOptions>("");
    if (general.device != "cpu" || general.products() != Precision::f32) {
        run.record.line(fmt::format("device {}, products in {} by {}", general.device, general.precision,
                                    training.store.context().device().product_engine()));
        const std::string slow = slow_products_warning(general.device, general.products());
        if (!slow.empty()) run.record.line(slow);
    }
    if (!exchange.empty()) run.record.line(exchange);
    if (training.options.watch_every > 0 && training.watch.samples() == 0) {
        run.record.line("train.watch_every measures no attention: the sequences are too long");
    }
    if (training.teacher) run.record.line(training.teacher->line());
    const std::string unused = Teacher::unused_settings(training.recipe, training.steps);
    if (!unused.empty()) run.record.line(unused);
    const std::string schedule = schedule_warning(training.recipe, trainer.total_steps(), trainer.epoch_steps());
    for (const std::string& warning : {schedule, memory}) {
        if (!warning.empty()) run.record.line(warning);
    }
    for (const std::string& note : training.recipe.notes()) run.record.line("note: " + note);
}

/// Whether a run that ended without its test (train.test=false) is now to make it.
bool test_is_due(const Training& training, const RunPaths& paths) {
    if (!training.options.test || !path_exists(paths.recipe())) return false;
    return !read_recipe(recipe_spec(), paths.recipe(), {}).options<TrainOptions>("train").test;
}

void say_nothing_is_left(OpenRun& run) {
    const Training& training = run.training;
    const char* limit = !training.trainer.finished() ? "train.patience"
                        : training.options.steps > 0 ? "train.steps"
                                                     : "train.epochs";
    run.record.line(fmt::format("the run in {} has ended after {} steps: nothing is left to do (more {} would go on)",
                                run.paths.folder(), training.trainer.progress().step, limit));
}

std::unique_ptr<Workload> open_workload(const Recipe& recipe, Context& context, const RunTarget& target,
                                        const SharedFacts& known) {
    const TrainingKind& kind = kind_of(recipe);
    if (known && &known->kind() != &kind) {
        throw UserError(fmt::format("the training in {} was begun with {}, not {}: start a new run without --resume",
                                    target.folder, known->kind().name(), kind.name()));
    }
    return kind.open(recipe, context, known);
}

/// Threads of each rank: as many as the recipe says, else its share of the processors.
void use_threads(const Recipe& recipe, Communicator& ranks) {
    use_threads_of(recipe);
    if (ranks.size() == 1) return;
    const int sharing = ranks_on_own_processors(ranks);
    if (recipe.options<GeneralOptions>("").threads > 0 || std::getenv("OMP_NUM_THREADS") != nullptr) return;
    set_thread_count(std::max(1, thread_count() / sharing));
}

/// Locks the folder of a run that is gone on with before anything in it is read; the other ranks are told its state.
RunFolder open_begun_folder(const std::string& folder, Communicator& ranks) {
    std::optional<RunFolder> own;
    together(ranks, "the run folder", [&] {
        if (ranks.rank() == 0) own.emplace(folder, true);
    });
    const std::string state = own ? std::to_string(static_cast<int>(own->state())) : "";
    const std::string told = ranks.gather(state, "the state of the run")[0];
    return own ? std::move(*own) : RunFolder::of_other_rank(folder, static_cast<RunState>(told[0] - '0'));
}

/// Makes the context, and joins the cards of the ranks.
CardExchange open_device(const Recipe& recipe, Communicator& hosts, std::optional<Context>& context) {
    const auto& general = recipe.options<GeneralOptions>("");
    const auto& train = recipe.options<TrainOptions>("train");
    const bool on_cards = general.device == "cuda";
    if (on_cards) take_card(hosts);
    together(hosts, "the device", [&] { context.emplace(general.device, general.products()); });
    return on_cards ? join_cards(hosts, train.rank_timeout, train.exact_reduce > 0) : CardExchange{};
}

TrainEnd train_with(Communicator& hosts, const TrainRequest& request) {
    const bool owns = hosts.rank() == 0;
    std::optional<RunTarget> found;
    together(hosts, "the recipe", [&] { found.emplace(find_run_target(request)); });
    const RunTarget& target = *found;
    const Recipe& recipe = target.recipe;
    hosts.set_timeout(recipe.options<TrainOptions>("train").rank_timeout);
    check_same_recipe(hosts, recipe, request.commit);
    use_threads(recipe, hosts);
    if (recipe.options<TrainOptions>("train").exact_reduce > 0) check_same_threads(hosts);
    std::optional<Context> context;
    const CardExchange exchange = open_device(recipe, hosts, context);
    Communicator& ranks = exchange.cards ? *exchange.cards : hosts;
    // A new folder is made when all input is right.
    std::optional<RunFolder> folder;
    if (target.resumes) folder.emplace(open_begun_folder(target.folder, ranks));
    std::optional<ResumePoint> from;
    std::vector<SettingChange> changes;
    RunBeginning beginning;
    std::unique_ptr<Workload> workload;
    std::string memory;
    std::optional<Training> training;
    bool nothing_is_left = false;
    together(ranks, "the data", [&] {
        if (folder && folder->state() != RunState::fresh) from.emplace(open_resume_point(folder->paths()));
        beginning = new_beginning(recipe);
        if (from) {
            beginning = known_beginning(recipe, target.folder);
            const Recipe stored =
                parse_recipe(recipe_spec(), from->facts.recipe, "the recipe in " + from->file.path(), {});
            changes = check_resumable(recipe, stored, target.folder, request.changes);
        } else if (!request.changes.empty()) {
            throw UserError("--change " + request.changes.front() +
                            " changes a run that is gone on with, but there is no state to go on from" +
                            (target.folder.empty() ? "" : " in " + target.folder));
        }
        if (!folder && owns && target.folder.empty()) RunFolder::check_next_in(runs_folder(recipe));
        if (!folder && owns && !target.folder.empty()) RunFolder::check(target.folder);
        workload = open_workload(recipe, *context, target, from ? from->facts.data : nullptr);
        if (from) check_tensors(from->file, workload->task().model());
        memory = check_training_memory(recipe, *workload, ranks.size());
        training.emplace(recipe, *context, *workload, ranks, from ? from->facts.progress.step : 0);
        check_training(*training);
        if (!from) return;
        const bool finished = folder->state() == RunState::finished;
        load_state(*from, *training, finished);
        nothing_is_left = finished && !test_is_due(*training, folder->paths());
    });
    check_same_data(ranks, *workload->facts());
    InitialModel initial;
    together(ranks, "the first weights", [&] {
        if (!from) {
            initial = load_initial_model(*training);
            training->trainer.begin({});
        }
    });
    check_same_weights(ranks, training->store, training->teacher_checksum, training->trainer.progress().step);
    together(ranks, "the run folder", [&] {
        if (!folder && owns) folder.emplace(new_folder(target));
    });
    if (!folder) folder.emplace(RunFolder::of_other_rank(target.folder, RunState::fresh));
    OpenRun run(*training, *folder, beginning);
    RunSteps steps(*training, run.folder, run.record, run.checkpoints, run.beginning.name);
    if (nothing_is_left && steps.all_done()) {
        if (!changes.empty()) {
            throw UserError(fmt::format("--change {}: the run in {} has ended; more train.epochs would go on",
                                        changes.front().key, run.paths.folder()));
        }
        say_nothing_is_left(run);
        return {TrainOutcome::already_finished};
    }
    const StopSignals stop;  // from the first record on, a signal leaves a state that can be gone on with
    try {
        if (from) {
            go_on(run, from->facts, origin_of(request), changes);
        } else {
            begin(run, origin_of(request), initial);
            if (request.resume) {
                run.record.line("there is no checkpoint in " + run.paths.folder() + ": starting from the beginning");
            }
        }
        from.reset();
        describe(run, memory, exchange.line);
        return steps.run(stop);
    } catch (const Error& error) {
        run.record.failed(error.what());
        throw;
    }
}

}  // namespace

TrainEnd train(const TrainRequest& request) {
    std::optional<SignalThread> signals;  // before the run starts any thread
    if (!SignalThread::running()) signals.emplace();
    const std::unique_ptr<Communicator> ranks = make_communicator();
    return train_with(*ranks, request);
}

}  // namespace heed
