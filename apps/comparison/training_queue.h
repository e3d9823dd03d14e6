#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/trainers/comparison/plan.h"
#include "heed/trainers/run/signals.h"

namespace heed {

/// A run that did not come to its end.
struct FailedRun {
    PlannedRun run;
    std::string error;
};

/// Hears how the runs of a queue go.
class QueueWatcher {
public:
    virtual ~QueueWatcher() = default;
    virtual void begun(const PlannedRun& run) = 0;
    /// It has come to its end and is whole.
    virtual void ended(const PlannedRun& run) = 0;
    virtual void failed(const FailedRun& run) = 0;
    /// Some time has passed.
    virtual void tick() = 0;
};

/// What a run does to the others that ends as its input is wrong.
enum class WrongInput : uint8_t {
    ends_all,    ///< all runs have the same
    fails_alone  ///< those of other tasks have other
};

/// Trains planned runs, each in a process of its own and several at a time. A run that was interrupted goes on from its
/// checkpoint, one that has ended is left alone.
class TrainingQueue {
public:
    /// `jobs` runs at a time, of `threads` threads each (0: as their recipes say); their output goes into `logs`.
    TrainingQueue(int64_t jobs, int64_t threads, std::string logs, WrongInput wrong_input, QueueWatcher& watcher);

    /// Trains all and returns those that failed, such as by a loss that is no number; others go on beside them. Throws
    /// Stopped where a signal ends it, when all that ran have saved their state, and UserError for input that no run
    /// can have, unless it fails alone.
    std::vector<FailedRun> train(const std::vector<PlannedRun>& runs, const StopSignals& signals);

private:
    std::vector<std::string> arguments_of(const PlannedRun& run) const;
    std::string log_of(const PlannedRun& run) const;

    int64_t jobs_;
    int64_t threads_;
    std::string logs_;
    WrongInput wrong_input_;
    QueueWatcher& watcher_;
};

}  // namespace heed
