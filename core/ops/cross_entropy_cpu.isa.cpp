#include "heed/core/ops/cross_entropy_kernels.h"
#include "heed/core/simd/math.h"
#include "heed/core/simd/sums.h"

namespace heed::HEED_ISA {

namespace {

struct Largest {
    float value;
    int32_t index;
};

/// The largest value and its lowest index; NaN never wins, and -inf at 0 stands where nothing is larger.
HEED_SIMD Largest largest(const float* x, int64_t n) {
    const vf lowest = broadcast(-__builtin_inff());
    vf best = lowest;
    vi best_index = broadcast(int32_t{0});
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE {
        vf v = load(x + j, count);
        if (count != lanes) v = select(first_lanes(count), v, lowest);
        const vi better = v > best;
        best = select(better, v, best);
        best_index = select(better, broadcast(static_cast<int32_t>(j)) + lane_index(), best_index);
    });
    const float value = hmax(best);
    int32_t index = INT32_MAX;
    for (int lane = 0; lane < lanes; ++lane) {
        if (best[lane] == value && best_index[lane] < index) index = best_index[lane];
    }
    return {value, index};
}

/// What the loss and its gradient need of a row.
struct RowSums {
    float exponentials;  ///< of e^(x - max)
    float distances;     ///< of x - max; only with label smoothing
};

/// With `keeps`, e^(x - max) is written to `out`.
template <bool keeps>
HEED_SIMD RowSums row_sums(const float* x, float max, float* out, int64_t n) {
    const vf center = broadcast(max);
    vf exponentials = zero();
    vf distances = zero();
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE {
        const vf distance = load(x + j, count) - center;
        const vf e = exp_nonpositive(distance);
        exponentials += keep_first(e, count);
        distances += keep_first(distance, count);
        if (keeps) store(out + j, e, count);
    });
    return {hsum(exponentials), hsum(distances)};
}

HEED_SIMD void set_zero(float* out, int64_t n) {
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE { store(out + j, zero(), count); });
}

HEED_SIMD void one_row(const CrossEntropy& a, int64_t row) {
    const int64_t n = a.classes;
    const float* x = a.logits + row * n;
    float* dx = a.dlogits == nullptr ? nullptr : a.dlogits + row * n;
    const int32_t target = a.targets[row];
    const Largest max = largest(x, n);
    float nll = 0;
    float loss = 0;
    if (target >= 0) {
        const float at_target = x[target] - max.value;  // before dx, which may stand where x does
        const RowSums sums =
            dx == nullptr ? row_sums<false>(x, max.value, nullptr, n) : row_sums<true>(x, max.value, dx, n);
        const float log_sum = log(broadcast(sums.exponentials))[0];
        const float uniform = a.label_smoothing / static_cast<float>(n);
        nll = log_sum - at_target;
        loss = nll;
        if (a.label_smoothing != 0) {
            loss =
                (1 - a.label_smoothing) * nll + a.label_smoothing * (log_sum - sums.distances / static_cast<float>(n));
        }
        if (dx != nullptr) {
            const vf factor = broadcast(1 / sums.exponentials);
            const vf offset = broadcast(uniform);
            for_lanes(n, [&](int64_t j, int64_t count)
                             HEED_INLINE { store(dx + j, load(dx + j, count) * factor - offset, count); });
            dx[target] -= 1 - a.label_smoothing;
        }
    } else if (dx != nullptr) {
        set_zero(dx, n);
    }
    a.losses[row] = loss;
    if (a.nll != nullptr) a.nll[row] = nll;
    if (a.predictions != nullptr) a.predictions[row] = max.index;
}

void forward(const CrossEntropy& a) {
    const int64_t rows = 8192 / a.classes;
    parallel_for(a.rows, rows < 1 ? 1 : rows, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            one_row(a, row);
        }
    });
}

double sum(const float* values, int64_t count) {
    return sum_in_chunks(values, count, [](vd v) HEED_INLINE { return v; });
}

}  // namespace

extern const CrossEntropyKernels cross_entropy;
const CrossEntropyKernels cross_entropy = {forward, sum};

}  // namespace heed::HEED_ISA
