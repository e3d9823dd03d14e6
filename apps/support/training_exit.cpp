#include "heed/apps/support/training_exit.h"

#include <csignal>

#include "heed/trainers/run/training_run.h"

namespace heed {

int signal_exit_code(int signal) {
    return 128 + signal;
}

int train_to_exit_code(const TrainRequest& request) {
    std::signal(SIGPIPE, SIG_IGN);
    const TrainEnd end = train(request);
    return end.outcome == TrainOutcome::interrupted ? signal_exit_code(end.signal) : 0;
}

}  // namespace heed
