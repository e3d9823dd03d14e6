#include "heed/attention/smyrf/smyrf_kernels.h"
#include "heed/core/cpu/isa.h"

HEED_CHOOSE_ISA(SmyrfKernels, smyrf);
