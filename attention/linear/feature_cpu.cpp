#include "heed/attention/linear/feature_kernels.h"
#include "heed/core/cpu/isa.h"

HEED_CHOOSE_ISA(FeatureKernels, feature);
