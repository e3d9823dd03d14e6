#include "heed/core/cpu/signal_shield.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>

namespace heed {

namespace {

/// They come from what the thread does. Blocked, they would end the process without a word.
constexpr int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};

thread_local bool shielded = false;

sigset_t all_but_own_faults() {
    sigset_t set;
    sigfillset(&set);
    for (const int signal : own_faults) sigdelset(&set, signal);
    return set;
}

}  // namespace

SignalShield::SignalShield() : outermost_(!shielded) {
    if (!outermost_) return;
    const sigset_t all = all_but_own_faults();
    pthread_sigmask(SIG_BLOCK, &all, &former_mask_);
    shielded = true;
}

SignalShield::~SignalShield() {
    if (!outermost_) return;
    shielded = false;
    pthread_sigmask(SIG_SETMASK, &former_mask_, nullptr);
}

void SignalShield::keep_on_this_thread() {
    if (shielded) return;
    const sigset_t all = all_but_own_faults();
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    shielded = true;
}

void SignalShield::trust_this_thread() {
    shielded = true;
}

bool any_signal_has_handler() {
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        if (std::find(std::begin(own_faults), std::end(own_faults), signal) != std::end(own_faults)) continue;
        struct sigaction action = {};
        if (sigaction(signal, nullptr, &action) != 0) continue;  // the C library keeps it for itself
        if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) return true;
    }
    return false;
}

}  // namespace heed
