#include "heed/core/ops/shapes/copy_rows.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/kernels/copy_rows_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

/// Number of runs that lie within the tensor.
int64_t runs_of(const RowsOf& rows, int64_t width) {
    const int64_t space = rows.tensor.elements() - rows.offset - width;
    if (rows.offset < 0 || rows.stride < 0 || space < 0) return 0;
    return rows.stride == 0 ? 1 : space / rows.stride + 1;
}

[[noreturn]] void refuse_runs(const char* what, const RowsOf& rows, int64_t count, int64_t width) {
    throw Error("copy_rows: " + std::to_string(count) + " runs of " + std::to_string(width) + " values from element " +
                std::to_string(rows.offset) + ", " + std::to_string(rows.stride) + " apart, do not lie within the " +
                what + " of shape " + rows.tensor.shape().to_string());
}

/// The tensor's address of element `offset`: addresses of the reference device are no real pointers. The kernel moves
/// integers as it moves floats.
float* address_at(const Tensor& tensor, int64_t offset) {
    const Tensor begin = tensor.view(offset, {0});
    return tensor.dtype() == DType::i32 ? reinterpret_cast<float*>(begin.data<int32_t>()) : begin.f32();
}

}  // namespace

void copy_rows(const RowsOf& from, const RowsOf& to, int64_t count, int64_t width, const Tensor& index) {
    if (count == 0 || width == 0) return;
    check_dtype("copy_rows", "target", to.tensor, from.tensor.dtype());
    if (runs_of(to, width) < count || (to.stride < width && count > 1)) refuse_runs("target", to, count, width);
    const int64_t available = runs_of(from, width);
    if (index.defined()) {
        check_shape("copy_rows", "index", index.shape(), {count});
        check_indices("copy_rows", "index", index, 0, available);
    } else if (available < count) {
        refuse_runs("source", from, count, width);
    }
    copy_rows_kernels(to.tensor).copy({.from = address_at(from.tensor, from.offset),
                                       .from_stride = from.stride,
                                       .index = index.data_or_null<int32_t>(),
                                       .to = address_at(to.tensor, to.offset),
                                       .to_stride = to.stride,
                                       .count = count,
                                       .width = width});
}

Tensor gather_rows(const Tensor& x, const Tensor& index) {
    check_rank("gather_rows", "index", index.shape(), 1);
    const int64_t count = index.shape()[0];
    Tensor result = Tensor::empty(x.context(), x.shape().with_first(count), x.dtype());
    const int64_t width = x.shape().with_first(1).elements();
    copy_rows({x, 0, width}, {result, 0, width}, count, width, index);
    return result;
}

}  // namespace heed
