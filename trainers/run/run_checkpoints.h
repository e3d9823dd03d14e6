#pragma once

#include <string>

#include "heed/trainers/record/run_record.h"
#include "heed/trainers/run/training.h"

namespace heed {

/// The checkpoint files of a run. Rank 0 reads and writes them; every rank has to call the same functions, and what one
/// loads is given to all.
class RunCheckpoints {
public:
    /// All arguments must outlive it.
    RunCheckpoints(const RunPaths& paths, Training& training, RunRecord& record);

    /// For a new run: forgets what one that did not come to save its state left behind.
    void begin();
    /// For one that goes on: forgets models that its state does not know, and the mean of its end. Throws UserError
    /// when one that it knows is lost.
    void go_on();
    /// The best checkpoint is written after the last, so that a run killed in between lacks it and can still make it:
    /// then true. Throws UserError when it is lost.
    bool best_is_due() const;

    void save_last() { save(paths_.last_checkpoint(), false); }
    void save_best() { save(paths_.best_checkpoint(), weights_only_); }
    /// After a validation, before the state is saved: the file of this model where it is kept among several.
    void save_new_model();
    /// Once the state is saved: removes the files of models that it does not keep.
    void remove_old_models();
    /// Gives the model the weights of the best checkpoint.
    void load_best();
    /// Gives the model the mean of the weights of the models that are kept.
    void load_average();
    void save_average() { save(paths_.average_checkpoint(), true); }

private:
    void save(const std::string& path, bool weights_only);
    void average_kept_models();
    /// Gives the weights of rank 0 to all.
    void share_weights();
    bool owns() const { return training_.ranks.rank() == 0; }

    const RunPaths& paths_;
    Training& training_;
    RunRecord& record_;
    std::string recipe_;  // as a checkpoint has it
    bool weights_only_;   // of the best
};

}  // namespace heed
