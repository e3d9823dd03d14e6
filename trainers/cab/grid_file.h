#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/core/settings/fields.h"
#include "heed/trainers/cab/benchmark.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// A task of a grid.
struct GridTask : Options {
    std::string name;                         ///< key of its section
    std::string recipe;                       ///< file; relative to that of the grid
    std::vector<std::string> settings;        ///< "train.steps=300"
    std::string place = "attention";          ///< section of the recipe whose attention is exchanged
    std::string pattern;                      ///< in which it is used there: a key of AttentionPattern
    std::vector<std::string> less_is_better;  ///< metrics of the test set
    std::vector<std::string> more_is_better;
    Source recipe_source, place_source, settings_source;

    void describe(Fields& fields) override;
    BenchmarkTask benchmark_task() const;
};

/// An attention type of a grid, with settings of its own.
struct GridType : Options {
    std::string name;                   ///< key of its section, by which it is called
    std::string type;                   ///< in the registry; empty: its name
    std::vector<std::string> settings;  ///< "window=7"
    Source settings_source;

    void describe(Fields& fields) override;
};

/// A benchmark as a file describes it: pattern x task x attention type x seed.
struct BenchmarkGrid : Options {
    std::string file;
    std::string title;
    std::string baseline = "sdpa";
    int64_t seeds = 3;
    int64_t first_seed = 1;
    bool all_types = false;             ///< also those of the registry that the file does not name
    std::vector<std::string> settings;  ///< of the recipes of all tasks
    std::vector<GridTask> tasks;
    std::vector<GridType> types;
    Source settings_source;

    /// The keys at the top of the file.
    void describe(Fields& fields) override;
    std::vector<std::string> type_names() const;
};

/// Reads a grid. Throws UserError, with file, line and key, for what cannot be told without the recipes.
BenchmarkGrid read_benchmark_grid(const std::string& file);

}  // namespace heed
