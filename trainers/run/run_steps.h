#pragma once

#include <string>

#include "heed/trainers/record/run_record.h"
#include "heed/trainers/run/run_checkpoints.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/signals.h"
#include "heed/trainers/run/training.h"
#include "heed/trainers/run/training_run.h"

namespace heed {

/// The course of a run whose state is loaded: steps with what they call for (records, validation, checkpoints), and in
/// the end the test and the report.
class RunSteps {
public:
    /// All arguments must outlive it; `name` is that of the report.
    RunSteps(Training& training, RunFolder& folder, RunRecord& record, RunCheckpoints& checkpoints, std::string name);

    /// Whether no step is left to be taken, by the length of the training or by train.patience.
    bool all_done() const { return trainer_.finished() || out_of_patience(); }

    /// To the end, or to where one of the signals stops it: after a step, or in a validation or test.
    TrainEnd run(const StopSignals& signals);

private:
    /// Takes steps until all are done or a signal comes.
    void take_steps(const StopSignals& signals);
    bool out_of_patience() const;
    StepResult step(bool asks_to_stop);
    /// What is measured of that step; of several processes also when backward ended and when each bucket of gradients
    /// was sent and added up, in seconds since the step began.
    std::vector<WatchedValue> watched(int64_t step);
    /// The first signal that stopped a rank.
    int signal_of_all(const StopSignals& signals) const;
    /// What the last step calls for: validation, the end of its epoch, saving. A validation that a signal ends is made
    /// up for when the run is resumed.
    void after_step(bool save);
    bool validation_is_asked() const;
    Evaluation validate();
    void finish();
    /// Weights that are tested.
    struct Chosen {
        std::string name;
        int64_t step = 0;  ///< after which they were
    };
    /// Gives them to the model.
    Chosen choose_weights();
    /// The last line on attention that was replaced, if it was.
    void say_what_swap_came_to();
    void finish_without_test(const Chosen& weights);
    /// Whether the mean of the best models is better than the best; then the model has it.
    bool average_is_better();
    void write_page(const Evaluation& test);

    Training& training_;
    Trainer& trainer_;
    RunFolder& folder_;
    RunRecord& record_;
    RunCheckpoints& checkpoints_;
    std::string name_;
    bool stops_ = false;          ///< by a signal to any rank, as all know
    bool is_left_alone_ = false;  ///< what is left to do is for this rank alone
};

}  // namespace heed
