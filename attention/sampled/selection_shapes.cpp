#include "heed/attention/sampled/selection_kernels.h"
#include "heed/core/shapes/nothing.h"

namespace heed {

const SelectionKernels& selection_shapes() {
    static const SelectionKernels kernels = {nothing, nothing, nothing, nothing, nothing, selection_cpu().workspace};
    return kernels;
}

}  // namespace heed
