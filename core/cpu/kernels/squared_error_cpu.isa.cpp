#include "heed/core/kernels/squared_error_kernels.h"
#include "heed/core/simd/sums.h"

namespace heed::HEED_ISA {

namespace {

void squared_error_forward(const SquaredError& a) {
    const double total = sum_of_losses(a.count, [&](int64_t at, int64_t n) HEED_INLINE {
        const vf error = load(a.predictions + at, n) - load(a.targets + at, n);
        vf weighted = error;
        if (a.weights != nullptr) weighted = error * load(a.weights + at, n);
        if (a.dpredictions != nullptr) store(a.dpredictions + at, weighted + weighted, n);
        return error * weighted;
    });
    *a.sum = total;
    *a.loss = static_cast<float>(total);
}

}  // namespace

extern const SquaredErrorKernels squared_error;
const SquaredErrorKernels squared_error = {squared_error_forward};

}  // namespace heed::HEED_ISA
