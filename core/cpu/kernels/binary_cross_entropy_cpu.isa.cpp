#include "heed/core/kernels/binary_cross_entropy_kernels.h"
#include "heed/core/simd/bytes.h"
#include "heed/core/simd/math.h"
#include "heed/core/simd/sums.h"

namespace heed::HEED_ISA {

namespace {

struct LossAndSlope {
    vf loss;
    vf slope;
};

HEED_SIMD LossAndSlope loss_and_slope(vf x, vf y) {
    const vf e = exp_nonpositive(-abs(x));
    // log(1 + e) to all digits of a small e: what rounding took from 1 + e is taken from the logarithm in proportion.
    const vf sum = 1.0F + e;
    const vf log_sum = select(sum == 1.0F, e, log(sum) * (e / (sum - 1.0F)));
    // Probability of the less likely of the two; no difference of numbers close to 1 is formed.
    const vf tail = e / sum;
    return {vmax(zero(), x) - x * y + log_sum, select(x < 0.0F, tail - y, (1.0F - y) - tail)};
}

void binary_cross_entropy_forward(const BinaryCrossEntropy& a) {
    const double total = sum_of_losses(a.count, [&](int64_t at, int64_t n) HEED_INLINE {
        const vf y = a.targets != nullptr ? load(a.targets + at, n) : load_bytes(a.byte_targets + at, n);
        LossAndSlope each = loss_and_slope(load(a.logits + at, n), y);
        if (a.weights != nullptr) {
            const vf weight = load(a.weights + at, n);
            each = {each.loss * weight, each.slope * weight};
        }
        if (a.dlogits != nullptr) store(a.dlogits + at, each.slope, n);
        return each.loss;
    });
    *a.sum = total;
    *a.loss = static_cast<float>(total);
}

}  // namespace

extern const BinaryCrossEntropyKernels binary_cross_entropy;
const BinaryCrossEntropyKernels binary_cross_entropy = {binary_cross_entropy_forward};

}  // namespace heed::HEED_ISA
