#include "heed/core/cuda/for_each.cuh"
#include "heed/core/cuda/grid_sum.cuh"
#include "heed/core/kernels/totals_kernels.h"

namespace heed {

namespace {

void totals_add(const double* value, double factor, double* total) {
    cuda::for_each("add to a total", 1, [=] __device__(int64_t) { *total += factor * *value; });
}

void totals_add_equal(const int32_t* a, const int32_t* b, int64_t n, double* total) {
    cuda::grid_sum(
        "count equal numbers", n, [=] __device__(int64_t i) { return a[i] == b[i] ? 1.0 : 0.0; },
        [=] __device__(double sum) { *total += sum; });
}

void totals_add_exact(const float* logits, const float* targets, int64_t rows, int64_t classes, double* total) {
    const auto right = [=] __device__(int64_t row) {
        for (int64_t i = row * classes; i < (row + 1) * classes; ++i) {
            if ((logits[i] > 0) != (targets[i] > 0.5F)) return 0.0;
        }
        return 1.0;
    };
    cuda::grid_sum("count exact rows", rows, right, [=] __device__(double sum) { *total += sum; });
}

constexpr TotalsKernels totals_cuda_kernels = {totals_add, totals_add_equal, totals_add_exact};

}  // namespace

const TotalsKernels& totals_cuda() {
    return totals_cuda_kernels;
}

}  // namespace heed
