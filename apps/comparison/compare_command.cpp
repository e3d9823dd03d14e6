#include <fmt/core.h>

#include <optional>

#include "heed/apps/commands.h"
#include "heed/apps/comparison/comparison_lock.h"
#include "heed/apps/comparison/comparison_report.h"
#include "heed/apps/comparison/recipe_comparison.h"
#include "heed/apps/comparison/run_comparison.h"
#include "heed/apps/support/training_exit.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/run/signals.h"

namespace heed {

namespace {

int compare_finished_runs(const CompareCommand& command) {
    std::optional<ComparisonLock> lock;
    if (!command.folder.empty()) lock.emplace(command.folder);
    const Comparison comparison = compare_runs(command);
    print_comparison(comparison);
    for (const std::string& note : comparison.notes) fmt::print("\n{}\n", note);
    if (command.folder.empty()) return 0;
    write_comparison(comparison, command.folder);
    fmt::print("\nreport: {}/comparison.html\n", command.folder);
    return 0;
}

int compare_a_recipe(const CompareCommand& command) {
    const StopSignals signals;
    try {
        RecipeComparison comparison(command, signals);
        const Comparison result = comparison.run();
        print_comparison(result);
        print_remarks(result);
        fmt::print("\nreport: {}/comparison.html\n", comparison.folder());
        comparison.check_complete();
    } catch (const Stopped&) {
        fmt::print(stderr, "stopped; the same command goes on\n");
        return signal_exit_code(signals.signal());
    }
    return 0;
}

}  // namespace

int run(const CompareCommand& command) {
    return compares_runs(command) ? compare_finished_runs(command) : compare_a_recipe(command);
}

}  // namespace heed
