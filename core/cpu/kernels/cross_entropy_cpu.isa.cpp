#include "heed/core/cpu/kernels/largest.h"
#include "heed/core/kernels/cross_entropy_kernels.h"
#include "heed/core/simd/math.h"
#include "heed/core/simd/sums.h"

namespace heed::HEED_ISA {

namespace {

/// Lowest index of `value`; 0 where it does not occur.
HEED_SIMD int32_t find(const float* x, float value, int64_t n) {
    const vf wanted = broadcast(value);
    int64_t j = 0;
    while (j + lanes <= n && !any(load(x + j) == wanted)) {
        j += lanes;
    }
    while (j < n && !(x[j] == value)) {
        ++j;
    }
    return j < n ? static_cast<int32_t>(j) : 0;
}

/// What the loss and its gradient need of a row.
struct RowSums {
    float exponentials;  ///< of e^(x - max)
    float distances;     ///< of x - max, times the class's weight; only with label smoothing
};

/// With `keeps`, e^(x - max) is written to `out`; `weights` is read when `weighted`.
template <bool weighted, bool keeps>
HEED_SIMD RowSums row_sums(const float* x, const float* weights, float max, float* out, int64_t n) {
    const vf center = broadcast(max);
    vf exponentials = zero();
    vf distances = zero();
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE {
        const vf distance = load(x + j, count) - center;
        const vf e = exp_nonpositive(distance);
        exponentials += keep_first(e, count);
        distances += keep_first(weighted ? distance * load(weights + j, count) : distance, count);
        if (keeps) store(out + j, e, count);
    });
    return {hsum(exponentials), hsum(distances)};
}

HEED_SIMD void set_zero(float* out, int64_t n) {
    for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE { store(out + j, zero(), count); });
}

/// `all_weights`: sum of the class weights.
template <bool weighted>
HEED_SIMD void one_row(const CrossEntropy& a, int64_t row, float all_weights) {
    const int64_t n = a.classes;
    const float* w = a.class_weights;
    const float* x = a.logits + row * n;
    float* dx = a.dlogits == nullptr ? nullptr : a.dlogits + row * n;
    const int32_t target = a.targets[row];
    const float max = largest(x, n);
    const int32_t prediction = a.predictions == nullptr ? 0 : find(x, max, n);
    float nll = 0;
    float loss = 0;
    float row_weight = 0;
    if (target >= 0) {
        row_weight = weighted ? w[target] : 1;
        const float at_target = x[target] - max;  // before dx, which may stand where x does
        const RowSums sums = dx == nullptr ? row_sums<weighted, false>(x, w, max, nullptr, n)
                                           : row_sums<weighted, true>(x, w, max, dx, n);
        const float log_sum = log(broadcast(sums.exponentials))[0];
        const float classes = static_cast<float>(n);
        const float uniform = a.label_smoothing / classes;
        const float certain = weighted ? (1 - a.label_smoothing) * row_weight : 1 - a.label_smoothing;
        nll = weighted ? row_weight * (log_sum - at_target) : log_sum - at_target;
        loss = nll;
        if (a.label_smoothing != 0) {
            const float logs = weighted ? all_weights / classes * log_sum : log_sum;
            loss = (1 - a.label_smoothing) * nll + a.label_smoothing * (logs - sums.distances / classes);
        }
        if (dx != nullptr) {
            const float mass = weighted ? certain + uniform * all_weights : 1;
            const vf factor = broadcast(mass / sums.exponentials);
            const vf offset = broadcast(uniform);
            for_lanes(n, [&](int64_t j, int64_t count) HEED_INLINE {
                const vf wanted = weighted ? offset * load(w + j, count) : offset;
                store(dx + j, load(dx + j, count) * factor - wanted, count);
            });
            dx[target] -= certain;
        }
    } else if (dx != nullptr) {
        set_zero(dx, n);
    }
    a.losses[row] = loss;
    if (a.nll != nullptr) a.nll[row] = nll;
    if (a.predictions != nullptr) a.predictions[row] = prediction;
    if (a.row_weights != nullptr) a.row_weights[row] = row_weight;
}

double sum_of(const float* values, int64_t count) {
    return sum_in_chunks(values, count, [](vd v) HEED_INLINE { return v; });
}

template <bool weighted>
HEED_SIMD void all_rows(const CrossEntropy& a) {
    const float all_weights = weighted ? static_cast<float>(sum_of(a.class_weights, a.classes)) : 0;
    const int64_t rows = 8192 / a.classes;
    parallel_for(a.rows, rows < 1 ? 1 : rows, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            one_row<weighted>(a, row, all_weights);
        }
    });
}

void cross_entropy_forward(const CrossEntropy& a) {
    if (a.class_weights == nullptr) {
        all_rows<false>(a);
    } else {
        all_rows<true>(a);
    }
}

void cross_entropy_sum(const CrossEntropySums& a) {
    a.sums[0] = sum_of(a.losses, a.rows);
    a.sums[1] = sum_of(a.nll, a.rows);
    a.sums[2] = sum_of(a.row_weights, a.rows);
    *a.loss = static_cast<float>(a.sums[0]);
}

}  // namespace

extern const CrossEntropyKernels cross_entropy;
const CrossEntropyKernels cross_entropy = {cross_entropy_forward, cross_entropy_sum};

}  // namespace heed::HEED_ISA
