#include "heed/attention/smyrf/smyrf_kernels.h"
#include "heed/core/shapes/nothing.h"

namespace heed {

const SmyrfKernels& smyrf_shapes() {
    static const SmyrfKernels kernels = {nothing,
                                         nothing,
                                         nothing,
                                         nothing,
                                         nothing,
                                         smyrf_cpu().sort_workspace,
                                         smyrf_cpu().group_workspace,
                                         smyrf_cpu().workspace};
    return kernels;
}

}  // namespace heed
