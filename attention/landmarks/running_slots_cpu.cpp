#include "heed/attention/landmarks/running_slots_kernels.h"
#include "heed/core/cpu/isa.h"

HEED_CHOOSE_ISA(RunningSlotsKernels, running_slots);
