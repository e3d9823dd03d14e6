#include "heed/attention/convolution/token_convolution_kernels.h"
#include "heed/core/shapes/nothing.h"

namespace heed {

const TokenConvolutionKernels& token_convolution_shapes() {
    static const TokenConvolutionKernels kernels = {nothing, nothing};
    return kernels;
}

}  // namespace heed
