#include "heed/attention/sampled/selection_kernels.h"
#include "heed/core/cpu/isa.h"

HEED_CHOOSE_ISA(SelectionKernels, selection);
