#include "heed/attention/heads/sdpa_kernels.h"
#include "heed/core/shapes/nothing.h"

namespace heed {

const SdpaKernels& sdpa_shapes() {
    static const SdpaKernels kernels = {nothing, nothing, nothing, sdpa_cpu().workspace};
    return kernels;
}

}  // namespace heed
