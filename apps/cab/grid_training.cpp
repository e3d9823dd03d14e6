#include "heed/apps/cab/grid_training.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "heed/apps/cab/scored_values.h"
#include "heed/apps/comparison/comparison_display.h"
#include "heed/apps/comparison/comparison_lock.h"
#include "heed/apps/comparison/shipped_file.h"
#include "heed/apps/comparison/training_queue.h"
#include "heed/apps/support/training_exit.h"
#include "heed/core/error.h"
#include "heed/core/parallel.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/files/text_file.h"
#include "heed/trainers/benchmark/pattern_key.h"
#include "heed/trainers/cab/grid_results.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/record/terminal.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

/// A path, or the name of one that comes with Heed.
std::string grid_file(const std::string& name) {
    const bool is_path =
        name.ends_with(".yaml") || name.find('/') != std::string::npos || std::filesystem::is_regular_file(name);
    return is_path ? name : shipped_file("cab", "benchmark", name);
}

std::string words(const std::vector<std::string>& texts) {
    std::string text;
    for (const std::string& each : texts) text += (text.empty() ? "" : " ") + each;
    return text;
}

std::string state_text(const GridCell& cell) {
    if (cell.is_empty()) return "empty: " + cell.reason;
    const auto done = std::count_if(cell.runs.begin(), cell.runs.end(), is_done);
    return fmt::format("{} of {} seeds done", done, cell.runs.size());
}

/// What opens the data of all tasks, which may take a while.
std::vector<std::string> data_problems(GridPlan& plan) {
    constexpr int error_stream = 2;
    if (is_interactive(error_stream)) fmt::print(stderr, "looking at the data of the tasks\n");
    return plan.data_problems();
}

void print_cells(GridPlan& plan) {
    const std::vector<std::string> problems = data_problems(plan);
    const BenchmarkGrid& grid = plan.grid();
    TextTable table = {{"task", "pattern", "attention", "parameters", "multiply-adds", "state"}};
    for (const GridCell& cell : plan.cells()) {
        const auto count = [](const std::optional<int64_t>& number) { return number ? group_digits(*number) : "-"; };
        table.push_back({grid.tasks[cell.task].name, grid.tasks[cell.task].pattern, grid.types[cell.type].name,
                         count(cell.parameters), count(cell.multiplies), state_text(cell)});
    }
    const std::vector<PlannedRun> runs = plan.runs();
    const auto left = runs.size() - static_cast<size_t>(std::count_if(runs.begin(), runs.end(), is_done));
    fmt::print("{}{} cells, {} runs, of which {} are left; folder: {}\n", aligned(table), plan.cells().size(),
               runs.size(), left, plan.folder());
    for (const std::string& problem : problems) fmt::print("no data for {}\n", printable_lines(problem));
}

/// What was trained, a sentence a task, and what types have of their own.
std::vector<std::string> notes_on_grid(const BenchmarkGrid& grid) {
    std::vector<std::string> notes;
    for (const GridTask& task : grid.tasks) {
        const std::string settings = words(grid.settings) + " " + words(task.settings);
        notes.push_back(fmt::format("{}: {}{}{}; {} is exchanged ({}).", task.name, task.recipe,
                                    settings == " " ? "" : " with ", settings == " " ? "" : settings, task.place,
                                    task.pattern));
    }
    for (const GridType& type : grid.types) {
        if (!type.settings.empty())
            notes.push_back(type.name + ": " + type.type + " with " + words(type.settings) + ".");
    }
    notes.emplace_back(
        "Runs of a seed share the order of the data, dropout, and the first values of all weights that types share. "
        "The test set is read once a run, by the weights that were the best on validation data; no setting was chosen "
        "by it.");
    return notes;
}

class GridTraining {
public:
    GridTraining(const CabCommand& command, GridPlan& plan, RunResults& results, const std::vector<CostFile>& costs)
        : command_(command), plan_(plan), results_(results), costs_(costs) {}

    int run() {
        const StopSignals signals;
        const std::vector<PlannedRun> runs = plan_.runs();
        if (runs.empty()) throw UserError(plan_.grid().file + ": all cells are empty (--list tells why)");
        if (!std::all_of(runs.begin(), runs.end(), is_done)) {
            const std::vector<std::string> problems = data_problems(plan_);
            if (!problems.empty()) throw UserError(fmt::format("{}", fmt::join(problems, "\n")));
        }
        const ComparisonLock lock(plan_.folder());
        std::filesystem::create_directories(plan_.folder() + "/logs");
        try {
            train(runs, signals);
        } catch (const Stopped&) {
            fmt::print(stderr, "stopped; the same command goes on\n");
            return signal_exit_code(signals.signal());
        }
        report();
        check_complete();
        return 0;
    }

private:
    void train(const std::vector<PlannedRun>& runs, const StopSignals& signals) {
        ComparisonDisplay display(
            runs, [] { return std::string(); }, [&](const PlannedRun& run) { return result_text(run); });
        const int64_t threads = command_.jobs == 1 ? 0 : std::max<int64_t>(1, default_thread_count() / command_.jobs);
        TrainingQueue queue(command_.jobs, threads, plan_.folder() + "/logs", WrongInput::fails_alone, display);
        failed_ = queue.train(runs, signals);
    }

    std::string result_text(const PlannedRun& run) const {
        const auto& tasks = plan_.grid().tasks;
        const auto task =
            std::find_if(tasks.begin(), tasks.end(), [&](const auto& each) { return each.name == run.task; });
        const RunResult& result = results_.of(run.folder);
        return metrics_text(task->benchmark_task(), result) + " after " + duration_text(result.training_seconds);
    }

    void report() const {
        std::map<std::string, std::string> errors;
        for (const FailedRun& failed : failed_) errors[failed.run.folder] = failed.error;
        const GridResults results(plan_, results_, errors);
        const BenchmarkGrid& grid = plan_.grid();
        const std::string name = std::filesystem::path(grid.file).stem().string();
        BenchmarkReport report(grid.title.empty() ? name + ": attention types in every pattern" : grid.title,
                               results.benchmark(), cohorts_for(command_, results.benchmark()));
        report.facts = {
            {"Grid", grid.file},
            {"Baseline", grid.baseline},
            {"Types", std::to_string(grid.types.size())},
            {"Tasks", std::to_string(grid.tasks.size())},
            {"Seeds", grid.seeds == 1 ? std::to_string(grid.first_seed)
                                      : fmt::format("{} to {}", grid.first_seed, grid.first_seed + grid.seeds - 1)}};
        if (!command_.cohorts.empty()) report.facts.emplace_back("Cohorts", command_.cohorts);
        add_costs(report, costs_);
        report.notes = notes_on_grid(grid);
        if (command_.jobs > 1) {
            report.notes.push_back(fmt::format(
                "{} runs were trained beside each other, so that their times cannot be compared.", command_.jobs));
        }
        report.notes.insert(report.notes.end(), results.notes().begin(), results.notes().end());
        report.origin = results.origin();
        report.origin.command = command_.text;
        report.grid_text = TextFile(grid.file).content();
        write_benchmark(report, plan_.folder());
        fmt::print("{}report: {}/cab.html\n", benchmark_text(report), plan_.folder());
    }

    void check_complete() const {
        if (failed_.empty()) return;
        const FailedRun& first = failed_.front();
        throw Error(fmt::format("{} of the runs failed, first {}: {}{}", failed_.size(), first.run.text(), first.error,
                                failed_.size() > 1 ? "; each was named when it failed" : ""));
    }

    const CabCommand& command_;
    GridPlan& plan_;
    RunResults& results_;
    const std::vector<CostFile>& costs_;
    std::vector<FailedRun> failed_;
};

}  // namespace

int train_grid(const CabCommand& command) {
    const std::string file = grid_file(command.grid);
    const std::string folder =
        command.folder.empty() ? "runs/cab/" + std::filesystem::path(file).stem().string() : command.folder;
    GridPlan plan(read_benchmark_grid(file), folder);
    RunResults results;
    plan.check_folders(results);
    if (command.list) {
        print_cells(plan);
        return 0;
    }
    const std::vector<CostFile> costs = read_cost_files(command.bench);
    for (const GridType& type : plan.grid().types) {
        if (type.name == plan.grid().baseline) check_cost_baseline(costs, type.name, type.type);
    }
    return GridTraining(command, plan, results, costs).run();
}

}  // namespace heed
