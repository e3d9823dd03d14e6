#include "heed/core/kernels/dropout_kernels.h"
#include "heed/core/random/random.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void dropout_apply(const DropoutArguments& a) {
    const uint32_t threshold = drop_threshold(a.probability);
    const auto scale = static_cast<float>(1 / (1 - static_cast<double>(a.probability)));
    for (int64_t sample = 0; sample < a.samples; ++sample) {
        const float* x = reference_address(a.x) + sample * a.per_sample;
        float* y = reference_address(a.y) + sample * a.per_sample;
        for (int64_t i = 0; i < a.per_sample; ++i) {
            y[i] = random_word(a.stream, sample, i) < threshold ? 0 : x[i] * scale;
        }
    }
}

constexpr DropoutKernels dropout_reference_kernels = {dropout_apply};

}  // namespace

const DropoutKernels& dropout_reference() {
    return dropout_reference_kernels;
}

}  // namespace heed
