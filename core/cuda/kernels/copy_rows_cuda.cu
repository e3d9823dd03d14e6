#include "heed/core/cuda/for_each.cuh"
#include "heed/core/kernels/copy_rows_kernels.h"

namespace heed {

namespace {

void copy_rows_copy(const CopyRows& a) {
    cuda::for_each_in_rows("copy rows", a.count, a.width, [a] __device__(int64_t row, int64_t column) {
        const int64_t from = a.index ? a.index[row] : row;
        a.to[row * a.to_stride + column] = a.from[from * a.from_stride + column];
    });
}

constexpr CopyRowsKernels copy_rows_cuda_kernels = {copy_rows_copy};

}  // namespace

const CopyRowsKernels& copy_rows_cuda() {
    return copy_rows_cuda_kernels;
}

}  // namespace heed
