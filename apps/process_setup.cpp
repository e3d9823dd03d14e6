#include "heed/apps/process_setup.h"

#include <malloc.h>
#include <xmmintrin.h>

namespace heed {

void set_up_process() {
    constexpr unsigned flush_to_zero = 0x8000;
    constexpr unsigned denormals_are_zero = 0x0040;
    _mm_setcsr(_mm_getcsr() | flush_to_zero | denormals_are_zero);  // threads started from now on inherit it

    // 32 MiB is the most that the C library takes as threshold. Setting one also ends its guessing.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

}  // namespace heed
