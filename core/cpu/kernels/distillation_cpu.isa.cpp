#include "heed/core/cpu/kernels/largest.h"
#include "heed/core/kernels/distillation_kernels.h"
#include "heed/core/parallel.h"
#include "heed/core/simd/math.h"
#include "heed/core/simd/sums.h"

namespace heed::HEED_ISA {

namespace {

HEED_SIMD void distil_row(const Distillation& a, int64_t row) {
    const int64_t n = a.classes;
    const float* x = a.logits + row * n;
    const float* t = a.teacher + row * n;
    float* dx = a.dlogits == nullptr ? nullptr : a.dlogits + row * n;
    if (a.targets != nullptr && a.targets[row] < 0) {
        a.losses[row] = 0;
        if (dx != nullptr) for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE { store(dx + j, zero(), count); });
        return;
    }
    const vf scale = broadcast(1 / a.temperature);
    const vf top_x = broadcast(largest(x, n)), top_t = broadcast(largest(t, n));
    vf sum_x = zero(), sum_t = zero(), distances = zero();
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE {
        const vf of_x = (load(x + j, count) - top_x) * scale, of_t = (load(t + j, count) - top_t) * scale;
        const vf e = exp_nonpositive(of_t);
        sum_x += keep_first(exp_nonpositive(of_x), count);
        sum_t += keep_first(e, count);
        distances += keep_first(e * (of_t - of_x), count);
    });
    const float all_x = hsum(sum_x), all_t = hsum(sum_t);
    const float divergence = hsum(distances) / all_t + log(broadcast(all_x))[0] - log(broadcast(all_t))[0];
    a.losses[row] = a.temperature * a.temperature * divergence;
    if (dx == nullptr) return;
    const vf factor_x = broadcast(a.temperature / all_x), factor_t = broadcast(a.temperature / all_t);
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE {
        const vf of_x = exp_nonpositive((load(x + j, count) - top_x) * scale);
        const vf of_t = exp_nonpositive((load(t + j, count) - top_t) * scale);
        store(dx + j, of_x * factor_x - of_t * factor_t, count);
    });
}

void distillation_forward(const Distillation& a) {
    const int64_t rows = 4096 / a.classes;
    parallel_for(a.rows, rows < 1 ? 1 : rows, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) distil_row(a, row);
    });
    *a.sum = sum_in_chunks(a.losses, a.rows, [](vd v) HEED_INLINE { return v; });
    *a.loss = static_cast<float>(*a.sum);
}

}  // namespace

extern const DistillationKernels distillation;
const DistillationKernels distillation = {distillation_forward};

}  // namespace heed::HEED_ISA
