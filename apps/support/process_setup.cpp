#include "heed/apps/support/process_setup.h"

#include <initializer_list>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace heed {

namespace {

/// libgomp reads its settings when it is loaded. Threads that wait long at full speed are slow beside any other busy
/// process, and threads that sleep at once are slow on a quiet machine: they look for work for a moment, then sleep.
/// A timer of setitimer (a launcher's, a preloaded profiler's) outlives the beginning anew, its handler does not:
/// SIGPROF before a handler is set again ends the program. With GOMP_SPINCOUNT in the environment there is no such
/// moment.
void let_waiting_threads_sleep([[maybe_unused]] char** arguments) {
#ifdef HEED_THREADS_OPENMP
    if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
    setenv("GOMP_SPINCOUNT", "1000", 1);
    execv("/proc/self/exe", arguments);  // where it fails, they wait as libgomp has it
#endif
}

/// Else the next file that is opened would become standard input, output or error, and get what is meant for those.
/// Writing to a standard output that was closed stays an error; messages that nobody can read are none.
void open_standard_descriptors() {
    for (const int descriptor : {0, 1, 2}) {
        if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
        if (open("/dev/null", descriptor == 2 ? O_WRONLY : O_RDONLY) != descriptor) _exit(1);  // nobody would hear why
    }
}

}  // namespace

void set_up_process(char** arguments) {
    open_standard_descriptors();
    std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the call that writes to it
    let_waiting_threads_sleep(arguments);
    // 32 MiB is the most that the C library takes as threshold. Setting one also ends its guessing.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

}  // namespace heed
