#include "heed/core/cpu/denormals.h"

#include <xmmintrin.h>

namespace heed {

void flush_denormals() {
    constexpr unsigned flush_to_zero = 0x8000;
    constexpr unsigned denormals_are_zero = 0x0040;
    const unsigned state = _mm_getcsr();
    const unsigned wanted = state | flush_to_zero | denormals_are_zero;
    if (state != wanted) _mm_setcsr(wanted);  // reading is cheap, writing is not
}

}  // namespace heed
