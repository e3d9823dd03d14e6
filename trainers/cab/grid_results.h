#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "heed/trainers/cab/grid_plan.h"
#include "heed/trainers/comparison/run_result.h"

namespace heed {

/// What runs of a grid came to.
class GridResults {
public:
    /// `failures`: errors of runs by their folders.
    GridResults(const GridPlan& plan, RunResults& results, const std::map<std::string, std::string>& failures);

    /// The raw results of all runs that have ended. Throws UserError where runs of a task cannot be compared, as their
    /// data differ.
    const Benchmark& benchmark() const { return benchmark_; }
    /// Sentences: runs that are missing although their cell has others.
    const std::vector<std::string>& notes() const { return notes_; }
    /// With commit and versions of the runs, all that there are; the command is not known.
    RunOrigin origin() const;

private:
    void fill(const GridCell& cell, RunResults& results, const std::map<std::string, std::string>& failures,
              std::vector<RunResult>& of_task);

    Benchmark benchmark_;
    std::vector<std::string> notes_;
    std::set<std::string> commits_, versions_;
};

/// "bits_per_byte 2.31, loss 1.6": the metrics of a run by which its task is scored.
std::string metrics_text(const BenchmarkTask& task, const RunResult& run);

}  // namespace heed
