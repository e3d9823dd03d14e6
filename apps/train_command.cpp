#include <csignal>

#include "heed/apps/commands.h"
#include "heed/trainers/training_run.h"

namespace heed {

int run(const TrainCommand& command) {
    constexpr int stopped_by_signal = 130;
    std::signal(SIGPIPE, SIG_IGN);  // who reads the lines may leave (heed train ... 2>&1 | head); it goes on
    const TrainOutcome outcome = train({command.recipe, command.overrides, command.resume});
    return outcome == TrainOutcome::interrupted ? stopped_by_signal : 0;
}

}  // namespace heed
