#include "heed/attention/rotary/rotary_kernels.h"
#include "heed/core/shapes/nothing.h"

namespace heed {

const RotaryKernels& rotary_shapes() {
    static const RotaryKernels kernels = {nothing};
    return kernels;
}

}  // namespace heed
