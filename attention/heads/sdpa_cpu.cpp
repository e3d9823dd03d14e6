#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/core/cpu/isa.h"

HEED_CHOOSE_ISA(SdpaKernels, sdpa);
