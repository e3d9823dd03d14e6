#include "heed/apps/support/process_setup.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdlib>

namespace heed {

namespace {

/// libgomp reads its settings when it is loaded. Threads that wait long at full speed are slow beside any other busy
/// process, and threads that sleep at once are slow on a quiet machine: they look for work for a moment, then sleep.
void let_waiting_threads_sleep([[maybe_unused]] char** arguments) {
#ifdef HEED_THREADS_OPENMP
    if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
    setenv("GOMP_SPINCOUNT", "1000", 1);
    execv("/proc/self/exe", arguments);  // where it fails, they wait as libgomp has it
#endif
}

}  // namespace

void set_up_process(char** arguments) {
    let_waiting_threads_sleep(arguments);
    // 32 MiB is the most that the C library takes as threshold. Setting one also ends its guessing.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

}  // namespace heed
