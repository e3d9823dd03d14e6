#include "heed/core/kernels/copy_rows_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

void copy_rows_copy(const CopyRows& a) {
    const int32_t* index = reference_address(a.index);
    for (int64_t i = 0; i < a.count; ++i) {
        const float* from = reference_address(a.from) + (index == nullptr ? i : index[i]) * a.from_stride;
        float* to = reference_address(a.to) + i * a.to_stride;
        for (int64_t j = 0; j < a.width; ++j) to[j] = from[j];
    }
}

constexpr CopyRowsKernels copy_rows_reference_kernels = {copy_rows_copy};

}  // namespace

const CopyRowsKernels& copy_rows_reference() {
    return copy_rows_reference_kernels;
}

}  // namespace heed
