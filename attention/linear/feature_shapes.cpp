#include "heed/attention/linear/feature_kernels.h"
#include "heed/core/shapes/nothing.h"

namespace heed {

const FeatureKernels& feature_shapes() {
    static const FeatureKernels kernels = {nothing,
                                           nothing,
                                           nothing,
                                           nothing,
                                           nothing,
                                           nothing,
                                           nothing,
                                           nothing,
                                           nothing,
                                           feature_cpu().state_floats,
                                           feature_cpu().workspace};
    return kernels;
}

}  // namespace heed
