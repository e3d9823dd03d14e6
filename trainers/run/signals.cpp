#include "heed/trainers/run/signals.h"

#include <csignal>

#include <atomic>
#include <cerrno>
#include <iterator>

#include "heed/core/error.h"

namespace heed {
namespace {

constexpr int handled_signals[] = {SIGINT, SIGTERM, SIGHUP};

// A handler can reach nothing but globals.
std::atomic<int> received_signal{0};
std::atomic<bool> installed{false};
struct sigaction former_actions[std::size(handled_signals)];
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler must not take a lock");

void handle(int signal) {
    int none = 0;
    if (received_signal.compare_exchange_strong(none, signal)) return;
    std::signal(signal, SIG_DFL);
    std::raise(signal);  // held back while this handler runs, then it ends the process
}

}  // namespace

StopSignals::StopSignals() {
    if (installed.exchange(true)) throw Error("the signals are already taken by another StopSignals");
    received_signal = 0;
    struct sigaction action = {};
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;  // reading and writing elsewhere need not know of signals
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < std::size(handled_signals); ++i) {
        sigaction(handled_signals[i], nullptr, &former_actions[i]);
        if (former_actions[i].sa_handler == SIG_IGN && handled_signals[i] != SIGTERM) continue;
        sigaction(handled_signals[i], &action, nullptr);
    }
}

StopSignals::~StopSignals() {
    for (size_t i = 0; i < std::size(handled_signals); ++i) {
        sigaction(handled_signals[i], &former_actions[i], nullptr);
    }
    installed = false;
}

int StopSignals::signal() const {
    return received_signal;
}

}  // namespace heed
