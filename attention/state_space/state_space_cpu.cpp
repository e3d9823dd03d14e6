#include "heed/attention/state_space/state_space_kernels.h"
#include "heed/core/cpu/isa.h"

HEED_CHOOSE_ISA(StateSpaceKernels, state_space);
