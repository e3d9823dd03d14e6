#pragma once

#include "heed/trainers/run/run_target.h"

namespace heed {

/// The exit code of a program that a signal made end: 128 and its number, as shells have it.
int signal_exit_code(int signal);

/// Trains, whoever reads what is printed staying or leaving (heed train ... 2>&1 | head), and returns the exit code.
int train_to_exit_code(const TrainRequest& request);

}  // namespace heed
