#include "heed/core/kernels/totals_kernels.h"
#include "heed/core/simd/loop.h"

namespace heed::HEED_ISA {

namespace {

void totals_add(const double* value, double factor, double* total) {
    *total += factor * *value;
}

void totals_add_equal(const int32_t* a, const int32_t* b, int64_t n, double* total) {
    int64_t count = 0;
    for (int64_t i = 0; i < n; ++i) {
        count += a[i] == b[i] ? 1 : 0;
    }
    *total += static_cast<double>(count);
}

void totals_add_exact(const float* logits, const float* targets, int64_t rows, int64_t classes, double* total) {
    int64_t count = 0;
    for (int64_t row = 0; row < rows; ++row) {
        int wrong = 0;
        for (int64_t i = row * classes; i < (row + 1) * classes; ++i) {
            wrong |= (logits[i] > 0) != (targets[i] > 0.5F) ? 1 : 0;
        }
        count += 1 - wrong;
    }
    *total += static_cast<double>(count);
}

}  // namespace

extern const TotalsKernels totals;
const TotalsKernels totals = {totals_add, totals_add_equal, totals_add_exact};

}  // namespace heed::HEED_ISA
