#include "heed/trainers/run/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <system_error>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/trainers/loop/stop_request.h"

namespace heed {
namespace {

std::atomic<bool> thread_runs{false};
std::atomic<bool> thread_ends{false};
std::mutex remembering_changes;  // and with it the request to stop
std::atomic<bool> remembering{false};
std::atomic<int> remembered_signal{0};

/// Below the progress bar of a terminal. One write, so that no other line gets in between.
void say(const char* format, int signal) {
    char line[200];
    const int length = std::snprintf(line, sizeof line, format, isatty(2) ? "\n" : "", stop_signal_name(signal));
    [[maybe_unused]] const ssize_t ignored = write(2, line, static_cast<size_t>(length));
}

[[noreturn]] void end_process(int signal) {
    remove_unfinished_files();
    if (remembered_signal != 0) {
        std::signal(signal, SIG_DFL);
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, signal);
        pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
        std::raise(signal);
    }
    say("%sheed: stopped by %s\n", signal);
    _exit(128 + signal);  // as shells number it
}

sigset_t signals_to_receive() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    for (const int signal : {SIGINT, SIGHUP}) {
        struct sigaction action = {};
        sigaction(signal, nullptr, &action);
        if (action.sa_handler != SIG_IGN) sigaddset(&set, signal);
    }
    return set;
}

}  // namespace

SignalThread::SignalThread() : received_(signals_to_receive()) {
    if (thread_runs.exchange(true)) throw Error("the signals are already taken by another SignalThread");
    thread_ends = false;
    pthread_sigmask(SIG_BLOCK, &received_, &former_mask_);
    try {
        thread_ = std::thread([this] { receive(); });
    } catch (const std::system_error& error) {
        pthread_sigmask(SIG_SETMASK, &former_mask_, nullptr);
        thread_runs = false;
        throw Error(std::string("cannot start the thread that receives signals: ") + error.code().message());
    }
}

SignalThread::~SignalThread() {
    thread_ends = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &former_mask_, nullptr);
    thread_runs = false;
}

bool SignalThread::running() {
    return thread_runs;
}

void SignalThread::receive() const {
    for (;;) {
        int signal = 0;
        if (sigwait(&received_, &signal) != 0) continue;
        if (thread_ends) return;
        {
            const std::lock_guard lock(remembering_changes);
            if (!remembering || remembered_signal != 0) end_process(signal);
            remembered_signal = signal;
            request_stop();
        }
        say("%sheed: %s: it ends as soon as its state is saved; a second signal ends it at once\n", signal);
    }
}

StopSignals::StopSignals() {
    if (!SignalThread::running()) throw Error("no SignalThread receives the signals");
    const std::lock_guard lock(remembering_changes);
    if (remembering.exchange(true)) throw Error("the signals are already taken by another StopSignals");
    remembered_signal = 0;
    withdraw_stop();
}

StopSignals::~StopSignals() {
    const std::lock_guard lock(remembering_changes);
    remembering = false;
    remembered_signal = 0;
    withdraw_stop();
}

int StopSignals::signal() const {
    return remembered_signal;
}

const char* stop_signal_name(int signal) {
    return signal == SIGINT ? "SIGINT" : signal == SIGTERM ? "SIGTERM" : "SIGHUP";
}

}  // namespace heed
