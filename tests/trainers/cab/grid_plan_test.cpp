#include "heed/trainers/cab/grid_plan.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "heed/attention/registry.h"
#include "heed/core/error.h"
#include "heed/tests/support/environment.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/benchmark/pattern_key.h"

namespace heed::test::grid_plan_test {
namespace {

std::string source_folder() {
    return std::getenv("HEED_SOURCE_DIR");
}

GridPlan shipped_plan() {
    return GridPlan(read_benchmark_grid(source_folder() + "/cab/quick.yaml"), "nowhere");
}

TEST(GridPlan, TheShippedGridHasEveryTypeInEveryPatternThatItCanDo) {
    const GridPlan plan = shipped_plan();
    std::set<std::string> types, patterns;
    for (const GridCell& cell : plan.cells()) {
        const GridTask& task = plan.grid().tasks[cell.task];
        const std::string type = plan.grid().types[cell.type].type;
        const AttentionPattern pattern = *pattern_of_key(task.pattern);
        const bool can = attention_type(type).capabilities.can(pattern);
        EXPECT_EQ(cell.is_empty(), !can) << task.name << ", " << type;
        if (can) {
            EXPECT_EQ(std::ssize(cell.runs), plan.grid().seeds);
        } else {
            EXPECT_TRUE(contains(cell.reason, type + " cannot do " + attention_pattern_name(pattern)));
        }
        types.insert(type);
        patterns.insert(task.pattern);
    }
    EXPECT_EQ(types.size(), attention_types().size());
    EXPECT_GE(patterns.size(), 3u);
}

TEST(GridPlan, AllCellsHaveASeedBeforeAnyHasTwo) {
    const GridPlan plan = shipped_plan();
    const std::vector<PlannedRun> runs = plan.runs();
    std::set<std::string> folders;
    for (size_t i = 0; i < runs.size(); ++i) {
        folders.insert(runs[i].folder);
        EXPECT_LE(runs[i > 0 ? i - 1 : 0].seed, runs[i].seed);
    }
    EXPECT_EQ(folders.size(), runs.size());
    EXPECT_EQ(runs.front().text(), "language_model, sdpa, seed 1");
}

TEST(GridPlan, CellsKnowTheirAttention) {
    const TemporaryFolder folder;
    const std::string file = folder / "grid.yaml";
    write_text(file, "tasks:\n  images:\n    recipe: " + source_folder() +
                         "/recipes/mnist/vit.yaml\n    pattern: noncausal_self\n    less_is_better: [loss]\n"
                         "    settings: [attention.layers.0=sdpa]\n"
                         "types: {sdpa: {}, lara: {}, narrow: {type: smyrf, settings: [cluster=16]}}\n");
    const GridPlan plan(read_benchmark_grid(file), "nowhere");
    EXPECT_EQ(plan.cell(0, 0).attention, read_attention_settings("sdpa"));
    EXPECT_EQ(plan.cell(0, 2).attention, read_attention_settings("smyrf cluster=16"));
    const GridPlan shipped = shipped_plan();
    for (const GridCell& cell : shipped.cells()) {
        EXPECT_EQ(cell.attention.has_value(), !cell.is_empty());
        if (cell.is_empty()) continue;
        EXPECT_EQ(cell.attention->type->name, shipped.grid().types[cell.type].type);
    }
}

TEST(GridPlan, DataThatAreMissingAreToldOnceWithTheTasksThatNeedThem) {
    const Environment nowhere("HEED_DATA", nullptr);
    const TemporaryFolder folder;
    const std::string file = folder / "grid.yaml";
    std::string text = "types: {sdpa: {}}\nsettings: [data.root=" + folder.path() + "]\ntasks:\n";
    for (const char* name : {"first", "second"}) {
        text += std::string("  ") + name + ": {recipe: " + source_folder() +
                "/recipes/mnist/vit.yaml, pattern: noncausal_self, less_is_better: [loss]}\n";
    }
    write_text(file, text);
    GridPlan plan(read_benchmark_grid(file), folder / "runs");
    const std::vector<std::string> problems = plan.data_problems();
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_TRUE(begins_with(problems[0], "first and second: the data set mnist was not found"));
    EXPECT_TRUE(contains(problems[0], "heed data get mnist"));
}

TEST(GridFile, AnEmptyOneIsNoRecipe) {
    const TemporaryFolder folder;
    const std::string file = folder / "grid.yaml";
    const auto refusal = [&](const std::string& text) {
        write_text(file, text);
        return message_of<UserError>([&] { read_benchmark_grid(file); });
    };
    EXPECT_TRUE(contains(refusal(""), "grid.yaml: is empty; expected at least the key tasks: of a grid"));
    EXPECT_TRUE(contains(refusal("seeds: 2\n"), "grid.yaml: expected tasks, found none"));
    EXPECT_TRUE(contains(refusal("base: other.yaml\n"), "cannot read the grid"));
}

}  // namespace
}  // namespace heed::test::grid_plan_test
