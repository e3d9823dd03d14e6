#include <fmt/core.h>
#include <fmt/format.h>

#include "heed/apps/commands.h"
#include "heed/apps/support/recipe_comparison.h"
#include "heed/core/error.h"
#include "heed/trainers/comparison/comparison_text.h"
#include "heed/trainers/loop/stop_request.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/signals.h"

namespace heed {

int run(const CompareCommand& command) {
    constexpr int stopped_by_signal = 128;  // and the signal's number, as shells have it
    const StopSignals signals;
    try {
        RecipeComparison comparison(command, signals);
        const Comparison result = comparison.run();
        fmt::print("{}", aligned(result_table(result)));
        if (!result.claims.empty()) fmt::print("\n{}", aligned(claim_table(result)));
        comparison.check_complete();
    } catch (const Stopped&) {
        fmt::print(stderr, "stopped; the same command goes on\n");
        return stopped_by_signal + signals.signal();
    }
    return 0;
}

}  // namespace heed
