#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/cab/grid_file.h"
#include "heed/trainers/comparison/plan.h"
#include "heed/trainers/comparison/run_result.h"
#include "heed/trainers/kinds/expected_data.h"

namespace heed {

/// One task with one attention type.
struct GridCell {
    size_t task = 0;                             ///< of the grid
    size_t type = 0;                             ///< of the grid
    std::string reason;                          ///< why it is empty; then it has no runs
    std::vector<PlannedRun> runs;                ///< by seed
    std::optional<AttentionSettings> attention;  ///< where it is not empty
    std::optional<int64_t> parameters;           ///< of its model, where the data tell it without their files
    std::optional<int64_t> multiplies;           ///< multiply-adds of a forward pass over the longest sample

    bool is_empty() const { return runs.empty(); }
};

/// All cells of a grid, in the folder of the benchmark: folder/task/type/seed-1.
class GridPlan {
public:
    /// Resolves and checks the recipe of every cell and builds its model where the data need not be there for it.
    /// A type that cannot do the pattern of a task makes an empty cell. Throws UserError for settings that cannot be,
    /// a place that has another pattern than the task says, and metrics that its models do not have.
    GridPlan(BenchmarkGrid grid, std::string folder);

    const BenchmarkGrid& grid() const { return grid_; }
    const std::string& folder() const { return folder_; }
    const std::vector<GridCell>& cells() const { return cells_; }
    const GridCell& cell(size_t task, size_t type) const;
    /// Task after task within a seed, so that all cells have one before any has two.
    std::vector<PlannedRun> runs() const;
    Recipe recipe_of(const PlannedRun& run) const;

    /// Opens the data of every task that has runs to be made, and builds models of every type for them. Sentences
    /// on data that are missing, with how to get them, or cannot be used, and the tasks that need them. Throws
    /// UserError where a model does not fit them.
    std::vector<std::string> data_problems();
    /// Throws UserError, naming it, where a folder of a run holds one of other settings, or one that has finished but
    /// lacks some of its files or its result.
    void check_folders(RunResults& results) const;

private:
    std::vector<std::string> settings_of(size_t task, size_t type) const;
    /// What distinguishes a run from others of its cell.
    static std::vector<std::string> run_settings(const PlannedRun& run);
    /// The recipe of a cell, in which each value knows its place in recipe or grid, with settings of a run.
    Recipe placed_recipe(const GridCell& cell, const std::vector<std::string>& run_settings) const;
    void check_task(size_t task);
    void check_metrics(const GridTask& task, const Recipe& recipe) const;
    void plan_cell(size_t task, size_t type);
    void build_models(size_t task, const ExpectedData& data);
    /// By the layers whose types differ between the models of the cells: those are what the place holds.
    void check_pattern(const GridTask& task, const std::vector<std::vector<Attention*>>& layers) const;

    BenchmarkGrid grid_;
    std::string folder_;
    std::vector<GridCell> cells_;  // by task, then type
};

}  // namespace heed
