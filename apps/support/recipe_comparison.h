#pragma once

#include <map>
#include <string>
#include <vector>

#include "heed/apps/command_line.h"
#include "heed/apps/support/comparison_display.h"
#include "heed/apps/support/comparison_lock.h"
#include "heed/apps/support/training_queue.h"
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

private:
    std::vector<PlannedRun> planned_runs() const;
    /// What has ended of the runs. Without claims, and nothing where no run has ended.
    std::optional<Comparison> so_far(const std::vector<PlannedRun>& runs);
    const RunResult& result_of(const PlannedRun& run);
    void measure_inference(const std::vector<PlannedRun>& runs, ComparisonDisplay& display, bool trained);
    Comparison finish(const std::vector<PlannedRun>& runs);

    const CompareCommand& command_;
    const StopSignals& signals_;
    ComparisonPlan plan_;
    std::string baseline_;
    int64_t threads_ = 1;
    std::map<std::string, RunResult> results_;    // by folder
    std::map<std::string, std::string> remarks_;  // on types
    std::vector<FailedRun> failed_;
};

}  // namespace heed
