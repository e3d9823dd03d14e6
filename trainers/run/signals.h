#pragma once

namespace heed {

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the process but are remembered, so that a training can finish
/// its step and save its state. A second signal ends the process at once, as if this object did not exist. A SIGINT or
/// SIGHUP that was ignored before (a shell's background job, nohup) stays ignored. At the end the former handling is
/// back.
///
/// Only one at a time (Error otherwise); requested() can be asked from any thread.
class StopSignals {
public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    bool requested() const { return signal() != 0; }
    /// The number of the signal that came, 0 for none.
    int signal() const;
};

}  // namespace heed
