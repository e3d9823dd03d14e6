#pragma once

namespace heed {

/// What a program that computes should do before anything else, and before any thread is started: the C library keeps
/// freed memory for the next step.
void set_up_process();

}  // namespace heed
