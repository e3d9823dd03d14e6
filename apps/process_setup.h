#pragma once

namespace heed {

/// What a program that computes should do before anything else, and before any thread is started: denormal numbers
/// count as zero (they are slow and carry nothing), and the C library keeps freed memory for the next step.
void set_up_process();

}  // namespace heed
