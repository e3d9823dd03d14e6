#include <csignal>

#include "heed/apps/commands.h"
#include "heed/apps/commit.h"
#include "heed/trainers/run/training_run.h"

namespace heed {

int run(const TrainCommand& command) {
    constexpr int stopped_by_signal = 128;  // and the signal's number, as shells have it
    std::signal(SIGPIPE, SIG_IGN);          // who reads the lines may leave (heed train ... 2>&1 | head); it goes on
    const TrainEnd end = train({command.recipe, command.overrides, command.resume, command.changes, source_commit()});
    return end.outcome == TrainOutcome::interrupted ? stopped_by_signal + end.signal : 0;
}

}  // namespace heed
