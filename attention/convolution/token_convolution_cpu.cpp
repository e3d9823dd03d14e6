#include "heed/attention/convolution/token_convolution_kernels.h"
#include "heed/core/cpu/isa.h"

HEED_CHOOSE_ISA(TokenConvolutionKernels, token_convolution);
