// Preloaded into a program (LD_PRELOAD), interrupts it as sampling profilers do: SIGPROF every PROFILER_MICROSECONDS,
// to whichever thread takes it, with a handler that uses some of the stack.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

namespace {

void sample(int, siginfo_t*, void*) {
    const int error = errno;
    volatile char frames[4096];
    memset(const_cast<char*>(frames), 0xa5, sizeof frames);
    errno = error;
}

__attribute__((constructor)) void start() {
    const char* interval = getenv("PROFILER_MICROSECONDS");
    // The program begins again once (process_setup.cpp); a timer of timer_create does not live on in it, the handler
    // neither.
    if (!interval || atol(interval) <= 0) return;
    struct sigaction action = {};
    action.sa_sigaction = sample;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGPROF, &action, nullptr);
    sigevent event = {};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGPROF;
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) abort();
    const long nanoseconds = atol(interval) * 1000;
    const itimerspec times = {{0, nanoseconds}, {0, nanoseconds}};
    if (timer_settime(timer, 0, &times, nullptr) != 0) abort();
}

}  // namespace
