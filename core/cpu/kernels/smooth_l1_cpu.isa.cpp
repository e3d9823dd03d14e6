#include "heed/core/kernels/smooth_l1_kernels.h"
#include "heed/core/simd/sums.h"

namespace heed::HEED_ISA {

namespace {

void smooth_l1_forward(const SmoothL1& a) {
    const vf beta = broadcast(a.beta), half = broadcast(0.5f * a.beta);
    const vf inverse = broadcast(a.beta > 0 ? 1.0f / a.beta : 0.0f);
    const double total = sum_of_losses(a.count, [&](int64_t at, int64_t n) HEED_INLINE {
        const vf error = load(a.predictions + at, n) - load(a.targets + at, n);
        const vf size = abs(error);
        const vi near = size < beta;
        // Neither is true of NaN, which stays in the error itself.
        const vf sign = select(error > zero(), broadcast(1.0f), select(error < zero(), broadcast(-1.0f), error));
        vf loss = select(near, 0.5f * error * error * inverse, size - half);
        vf slope = select(near, error * inverse, sign);
        if (a.weights != nullptr) {
            const vf weight = load(a.weights + at, n);
            loss *= weight;
            slope *= weight;
        }
        if (a.dpredictions != nullptr) store(a.dpredictions + at, slope, n);
        return loss;
    });
    *a.sum = total;
    *a.loss = static_cast<float>(total);
}

}  // namespace

extern const SmoothL1Kernels smooth_l1;
const SmoothL1Kernels smooth_l1 = {smooth_l1_forward};

}  // namespace heed::HEED_ISA
