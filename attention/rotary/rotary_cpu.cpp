#include "heed/attention/rotary/rotary_kernels.h"
#include "heed/core/cpu/isa.h"

HEED_CHOOSE_ISA(RotaryKernels, rotary);
