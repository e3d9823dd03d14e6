#include "heed/core/kernels/drop_path_kernels.h"
#include "heed/core/random/random.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void drop_path_apply(const DropPathArguments& a) {
    const uint32_t threshold = drop_threshold(a.probability);
    const auto scale = static_cast<float>(1 / (1 - static_cast<double>(a.probability)));
    for (int64_t sample = 0; sample < a.samples; ++sample) {
        const bool dropped = random_word(a.stream, sample, 0) < threshold;
        const float* x = reference_address(a.x) + sample * a.per_sample;
        float* y = reference_address(a.y) + sample * a.per_sample;
        for (int64_t i = 0; i < a.per_sample; ++i) y[i] = dropped ? 0 : x[i] * scale;
    }
}

constexpr DropPathKernels drop_path_reference_kernels = {drop_path_apply};

}  // namespace

const DropPathKernels& drop_path_reference() {
    return drop_path_reference_kernels;
}

}  // namespace heed
