#include "heed/attention/state_space/discretisation_kernels.h"
#include "heed/attention/state_space/state_space_kernels.h"
#include "heed/core/shapes/nothing.h"

namespace heed {

const StateSpaceKernels& state_space_shapes() {
    static const StateSpaceKernels kernels = {nothing, nothing, state_space_cpu().backward_workspace};
    return kernels;
}

const DiscretisationKernels& discretisation_shapes() {
    static const DiscretisationKernels kernels = {nothing, nothing};
    return kernels;
}

}  // namespace heed
