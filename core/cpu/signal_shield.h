#pragma once

#include <csignal>

namespace heed {

/// While it lives, no signal handler runs on this thread, nor on a thread that this thread starts meanwhile: signals
/// that come are delivered afterwards or to another thread. Those that say that the thread itself has done wrong, such
/// as SIGSEGV, are left alone.
///
/// The kernels that oneDNN generates (2.6.3; mended by its pull request 4855) let the stack pointer point into the
/// heap, where the system would write the frame of a handler. So every matrix product is computed under a shield, and
/// the worker threads of `parallel_for` carry one for life. A thread that is shielded already pays nothing for another.
class SignalShield {
public:
    SignalShield();
    ~SignalShield();
    SignalShield(const SignalShield&) = delete;
    SignalShield& operator=(const SignalShield&) = delete;

    /// A shield for the rest of this thread's life.
    static void keep_on_this_thread();
    /// Promises that this thread blocks every signal that has a handler or will get one.
    static void trust_this_thread();

private:
    bool outermost_;
    sigset_t former_mask_;
};

/// Whether this process has a handler for a signal that can come at any time.
bool any_signal_has_handler();

}  // namespace heed
