#include "heed/core/kernels/squared_error_kernels.h"
#include "heed/core/simd/sums.h"

namespace heed::HEED_ISA {

namespace {

void squared_error_forward(const SquaredError& a) {
    double partial[max_chunks];
    const int64_t grain = chunk_length(a.count);
    parallel_for(a.count, grain, [&](int64_t begin, int64_t end) {
        vd losses = {};
        for_lanes(end - begin, [&](int64_t j, int64_t n) HEED_INLINE {
            const int64_t at = begin + j;
            const vf error = load(a.predictions + at, n) - load(a.targets + at, n);
            vf weighted = error;
            if (a.weights != nullptr) weighted = error * load(a.weights + at, n);
            const vf loss = keep_first(error * weighted, n);
            losses += lower_doubles(loss) + upper_doubles(loss);
            if (a.dpredictions != nullptr) store(a.dpredictions + at, weighted + weighted, n);
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

extern const SquaredErrorKernels squared_error;
const SquaredErrorKernels squared_error = {squared_error_forward};

}  // namespace heed::HEED_ISA
