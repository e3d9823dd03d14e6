#include "heed/core/kernels/smooth_l1_kernels.h"
#include "heed/core/simd/sums.h"

namespace heed::HEED_ISA {

namespace {

void smooth_l1_forward(const SmoothL1& a) {
    double partial[max_chunks];
    const int64_t grain = chunk_length(a.count);
    const vf beta = broadcast(a.beta), half = broadcast(0.5f * a.beta);
    const vf inverse = broadcast(a.beta > 0 ? 1.0f / a.beta : 0.0f);
    parallel_for(a.count, grain, [&](int64_t begin, int64_t end) {
        vd losses = {};
        for_lanes(end - begin, [&](int64_t j, int64_t n) HEED_INLINE {
            const int64_t at = begin + j;
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
            loss = keep_first(loss, n);
            losses += lower_doubles(loss) + upper_doubles(loss);
            if (a.dpredictions != nullptr) store(a.dpredictions + at, slope, n);
        });
        double sum = 0;
        for (int lane = 0; lane < lanes / 2; ++lane) {
            sum += losses[lane];
        }
        partial[begin / grain] = sum;
    });
    double total = 0;
    for (int64_t chunk = 0; chunk * grain < a.count; ++chunk) {
        total += partial[chunk];
    }
    *a.sum = total;
    *a.loss = static_cast<float>(total);
}

}  // namespace

extern const SmoothL1Kernels smooth_l1;
const SmoothL1Kernels smooth_l1 = {smooth_l1_forward};

}  // namespace heed::HEED_ISA
