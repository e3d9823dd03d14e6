#pragma once

#include <string>

#include "heed/trainers/record/run_record.h"
#include "heed/trainers/run/training.h"

namespace heed {

/// The checkpoint files of a run.
class RunCheckpoints {
public:
    /// All arguments must outlive it.
    RunCheckpoints(const RunPaths& paths, Training& training, RunRecord& record);

    /// For a new run: forgets what one that did not come to save its state left behind.
    void begin();
    /// The best checkpoint is written after the last, so that a run killed in between lacks it and can still make it:
    /// then true. Throws UserError when it is lost.
    bool best_is_due() const;

    void save_last() { save(paths_.last_checkpoint()); }
    void save_best() { save(paths_.best_checkpoint()); }
    /// Gives the model the weights of the best checkpoint.
    void load_best();

private:
    void save(const std::string& path);

    const RunPaths& paths_;
    Training& training_;
    RunRecord& record_;
    std::string recipe_;  // as a checkpoint has it
};

}  // namespace heed
