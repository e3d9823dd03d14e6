#include "heed/attention/landmarks/running_slots_kernels.h"
#include "heed/core/shapes/nothing.h"

namespace heed {

const RunningSlotsKernels& running_slots_shapes() {
    static const RunningSlotsKernels kernels = {nothing, nothing, running_slots_cpu().workspace};
    return kernels;
}

}  // namespace heed
