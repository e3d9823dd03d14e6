#include "heed/trainers/cab/grid_plan.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "heed/attention/registry.h"
#include "heed/tests/support/message_of.h"
#include "heed/trainers/cab/pattern_key.h"

namespace heed::test::grid_plan_test {
namespace {

GridPlan shipped_plan() {
    return GridPlan(read_benchmark_grid(std::string(std::getenv("HEED_SOURCE_DIR")) + "/cab/quick.yaml"), "nowhere");
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

}  // namespace
}  // namespace heed::test::grid_plan_test
