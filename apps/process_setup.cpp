#include "heed/apps/process_setup.h"

#include <malloc.h>

namespace heed {

void set_up_process() {
    // 32 MiB is the most that the C library takes as threshold. Setting one also ends its guessing.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

}  // namespace heed
