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

    /// To the end, or to where a signal stops it: after a step, or in a validation or test.
    TrainEnd run();

private:
    /// Takes steps until all are done or a signal comes.
    void take_steps(const StopSignals& signals);
    bool out_of_patience() const;
    StepResult step();
    /// What an epoch's end calls for. A validation that a signal ends is made up for when the run is resumed.
    void end_epoch();
    void validate();
    void finish();
    void write_page(const Evaluation& test);

    Training& training_;
    Trainer& trainer_;
    RunFolder& folder_;
    RunRecord& record_;
    RunCheckpoints& checkpoints_;
    std::string name_;
};

}  // namespace heed
