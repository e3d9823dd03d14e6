#include "heed/core/kernels/totals_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void totals_add(const double* value, double factor, double* total) {
    *reference_address(total) += factor * *reference_address(value);
}

void totals_add_equal(const int32_t* a, const int32_t* b, int64_t n, double* total) {
    for (int64_t i = 0; i < n; ++i) {
        if (reference_address(a)[i] == reference_address(b)[i]) *reference_address(total) += 1;
    }
}

void totals_add_exact(const float* logits, const float* targets, int64_t rows, int64_t classes, double* total) {
    for (int64_t row = 0; row < rows; ++row) {
        bool right = true;
        for (int64_t i = row * classes; i < (row + 1) * classes; ++i) {
            right = right && (reference_address(logits)[i] > 0) == (reference_address(targets)[i] > 0.5F);
        }
        if (right) *reference_address(total) += 1;
    }
}

constexpr TotalsKernels totals_reference_kernels = {totals_add, totals_add_equal, totals_add_exact};

}  // namespace

const TotalsKernels& totals_reference() {
    return totals_reference_kernels;
}

}  // namespace heed
