#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "heed/apps/command_line.h"
#include "heed/apps/comparison/comparison_display.h"
#include "heed/apps/comparison/training_queue.h"
#include "heed/trainers/comparison/comparison.h"
#include "heed/trainers/comparison/plan.h"

namespace heed {

/// A recipe trained with several attention types and seeds: what is to be trained, how it goes, what came out.
class RecipeComparison {
public:
    /// Throws UserError for wrong input, before anything is written. Arguments must outlive it.
    RecipeComparison(const CompareCommand& command, const StopSignals& signals);

    /// Trains what is left to be trained, measures inference, and writes the report into the folder. Throws as
    /// TrainingQueue.
    Comparison run();
    /// Throws Error, naming them, where runs have failed.
    void check_complete() const;
    const std::string& folder() const { return plan_.request().folder; }

private:
    using Settings = std::vector<std::string>;

    int64_t threads_in_all() const;
    /// A line about each type that computes all scores at the length of the data, and might compute fewer.
    void say_what_is_dense() const;
    void match_sizes();
    /// Seeds one after the other, so that all types have one before any has two.
    std::vector<PlannedRun> grid_runs() const;
    std::vector<PlannedRun> final_runs() const;
    Settings settings_at(const std::string& type, const Settings& point) const;
    void train(const std::vector<PlannedRun>& runs);
    void choose_by_grid();
    /// What has ended of the runs, without claims; nothing where none has read its test set.
    std::optional<Comparison> so_far(const std::vector<PlannedRun>& runs);
    std::string table_so_far(const std::vector<PlannedRun>& runs);
    std::string result_text(const PlannedRun& run);
    void measure_inference(const std::vector<PlannedRun>& runs, bool again);
    Comparison finish(const std::vector<PlannedRun>& runs);

    const CompareCommand& command_;
    const StopSignals& signals_;
    ComparisonPlan plan_;
    std::string baseline_;
    std::vector<Claim> claims_;  // of a file
    int64_t run_threads_ = 1;
    std::vector<Settings> grid_;               // its points; one that is empty where there is none
    std::map<std::string, Settings> matched_;  // of each type, to match sizes
    std::map<std::string, Settings> chosen_;   // of each type, out of the grid
    std::vector<std::string> notes_;           // on how settings were chosen
    RunResults results_;
    std::map<std::string, std::string> remarks_;  // on types
    std::vector<FailedRun> failed_;
};

}  // namespace heed
