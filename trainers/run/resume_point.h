#pragma once

#include "heed/core/files/safetensors.h"
#include "heed/trainers/checkpoint/checkpoint.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/training.h"

namespace heed {

/// The state that a run goes on from: its last checkpoint.
struct ResumePoint {
    SafetensorsFile file;
    CheckpointFacts facts;
};

/// Opens the last checkpoint of a run. UserError, with a way out, where it is damaged or missing.
ResumePoint open_resume_point(const RunPaths& paths);

/// Copies weights, their average and the optimizer's state into the training. `has_finished`: the run has come to its
/// end before. UserErrors where they do not fit it, or where it is to end before the state.
void load_state(const ResumePoint& point, Training& training, bool has_finished);

}  // namespace heed
