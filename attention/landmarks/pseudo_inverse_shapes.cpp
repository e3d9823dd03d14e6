#include "heed/attention/landmarks/pseudo_inverse_kernels.h"
#include "heed/core/shapes/nothing.h"

namespace heed {

const PseudoInverseKernels& pseudo_inverse_shapes() {
    static const PseudoInverseKernels kernels = {nothing, nothing};
    return kernels;
}

}  // namespace heed
