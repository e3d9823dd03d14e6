#pragma once

#include <csignal>
#include <thread>

namespace heed {

/// While it lives, SIGINT, SIGTERM and SIGHUP are received by a thread of its own that never computes: they are blocked
/// on the constructing thread and on all that it starts from then on. So no signal handler runs where oneDNN computes
/// (`core/cpu/signal_shield.h`). Without a StopSignals a signal ends the process: temporary files are removed, a line
/// on standard error says which signal it was, and the exit code is 128 + its number.
///
/// To be constructed before other threads are started: to those that do not block them the signals are delivered as
/// before. A SIGINT or SIGHUP that is ignored (a shell's background job, nohup) stays ignored. At the end the former
/// handling is back. Only one at a time; Error otherwise, and when the thread cannot be started.
class SignalThread {
public:
    SignalThread();
    ~SignalThread();
    SignalThread(const SignalThread&) = delete;
    SignalThread& operator=(const SignalThread&) = delete;

    static bool running();

private:
    void receive() const;

    sigset_t received_, former_mask_;
    std::thread thread_;
};

/// While it lives, a first signal of SignalThread, which there has to be (else Error), does not end the process but is
/// remembered, so that a training can finish its step and save its state; evaluations end at their next stop point
/// (`trainers/loop/stop_request.h`). A second signal ends the process at once, as if this object did not exist.
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

/// "SIGTERM"
const char* stop_signal_name(int signal);

}  // namespace heed
