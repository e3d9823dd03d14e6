#include "heed/apps/comparison/training_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "heed/apps/comparison/child_program.h"
#include "heed/core/error.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/run/run_folder.h"

namespace heed {

namespace {

constexpr int wrong_input = 2;  // exit code for a UserError
constexpr auto pause = std::chrono::milliseconds(50);
constexpr int most_waits = 600;  // pauses

/// The error in the last line of what a run printed, without what stands in front of it.
std::string error_in(const std::string& log) {
    std::ifstream file(log);
    std::string line, error;
    constexpr std::string_view front = "heed: error: ";
    while (std::getline(file, line)) {
        if (line.starts_with(front)) error = line.substr(front.size());
    }
    return error;
}

std::string end_text(const ProgramEnd& end, const std::string& log) {
    if (end.signal != 0) return fmt::format("it was killed by signal {} (see {})", end.signal, log);
    const std::string error = error_in(log);
    return error.empty() ? fmt::format("it ended with exit code {} (see {})", end.code, log) : error;
}

}  // namespace

TrainingQueue::TrainingQueue(int64_t jobs, int64_t threads, std::string logs, WrongInput wrong_input,
                             QueueWatcher& watcher)
    : jobs_(jobs), threads_(threads), logs_(std::move(logs)), wrong_input_(wrong_input), watcher_(watcher) {}

std::vector<std::string> TrainingQueue::arguments_of(const PlannedRun& run) const {
    std::vector<std::string> arguments = {"train", run.recipe};
    arguments.insert(arguments.end(), run.settings.begin(), run.settings.end());
    if (threads_ > 0) {
        std::erase_if(arguments, [](const std::string& argument) { return argument.starts_with("threads="); });
        arguments.push_back(fmt::format("threads={}", threads_));
    }
    if (run_state(RunPaths(run.folder)) != RunState::fresh) arguments.emplace_back("--resume");
    return arguments;
}

std::string TrainingQueue::log_of(const PlannedRun& run) const {
    std::string name = run.text();
    std::replace(name.begin(), name.end(), '/', '_');
    std::replace(name.begin(), name.end(), ' ', '-');
    std::erase(name, ',');
    return logs_ + "/" + name + ".txt";
}

std::vector<FailedRun> TrainingQueue::train(const std::vector<PlannedRun>& runs, const StopSignals& signals) {
    struct Running {
        PlannedRun run;
        std::unique_ptr<ChildProgram> program;
    };
    std::deque<PlannedRun> waiting;
    for (const PlannedRun& run : runs) {
        if (!is_done(run)) waiting.push_back(run);
    }
    std::vector<Running> running;
    std::vector<FailedRun> failed;
    std::string refusal;
    bool stopped = false;
    int waited = 0;
    while (!waiting.empty() || !running.empty()) {
        while (!waiting.empty() && std::ssize(running) < jobs_ && refusal.empty()) {
            const PlannedRun run = waiting.front();
            // A comparison that was killed may have left a run that saves its state at this moment.
            const bool in_use = is_in_use(RunPaths(run.folder));
            if (in_use && waited++ < most_waits) break;
            waiting.pop_front();
            watcher_.begun(run);
            running.push_back({run, std::make_unique<ChildProgram>(arguments_of(run), log_of(run))});
        }
        std::this_thread::sleep_for(pause);
        watcher_.tick();
        if (!stopped && (signals.requested() || !refusal.empty())) {
            stopped = true;
            waiting.clear();
            for (const Running& each : running) each.program->ask_to_end();
        }
        for (auto each = running.begin(); each != running.end();) {
            const std::optional<ProgramEnd> end = each->program->end();
            if (!end) {
                ++each;
                continue;
            }
            if (end->code == 0 && end->signal == 0) {
                watcher_.ended(each->run);
            } else if (!stopped && end->code == wrong_input && wrong_input_ == WrongInput::ends_all) {
                refusal = each->run.text() + ": " + end_text(*end, log_of(each->run));
            } else if (!stopped) {
                failed.push_back({each->run, end_text(*end, log_of(each->run))});
                watcher_.failed(failed.back());
            }
            each = running.erase(each);
        }
    }
    if (!refusal.empty()) throw UserError(refusal);
    if (stopped) throw Stopped();
    return failed;
}

}  // namespace heed
