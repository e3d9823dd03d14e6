#pragma once

namespace heed {

/// What a program that computes should do before anything else, and before any thread is started: standard input,
/// output and error are open, a limit of file sizes is an error and no signal, threads that wait for work sleep soon
/// (the program begins again for that, unless the environment says how they wait), and the C library keeps freed memory
/// for the next step. `arguments` are those of main.
void set_up_process(char** arguments);

}  // namespace heed
