#include "heed/core/ops/check.h"

#include <algorithm>
#include <string>

#include "heed/core/device/context.h"
#include "heed/core/error.h"

namespace heed {

void check_shape(const char* op, const char* what, const Shape& actual, const Shape& expected) {
    if (actual == expected) return;
    throw Error(std::string(op) + ": expected " + what + " of shape " + expected.to_string() + ", got " +
                actual.to_string());
}

void check_dtype(const char* op, const char* what, const Tensor& tensor, DType expected) {
    if (!tensor.defined()) throw Error(std::string(op) + ": " + what + " is undefined");
    if (tensor.dtype() == expected) return;
    throw Error(std::string(op) + ": expected " + what + " of dtype " + dtype_name(expected) + ", got " +
                dtype_name(tensor.dtype()));
}

void check_rank(const char* op, const char* what, const Shape& actual, int rank) {
    if (actual.rank() == rank) return;
    throw Error(std::string(op) + ": expected " + what + " with " + std::to_string(rank) + " axes, got shape " +
                actual.to_string());
}

namespace {

/// `op` may be null.
void check_values(const char* op, const char* what, std::span<const int32_t> indices, int64_t first, int64_t end) {
    const auto wrong = std::find_if(indices.begin(), indices.end(), [&](int32_t i) { return i < first || i >= end; });
    if (wrong == indices.end()) return;
    throw Error((op ? std::string(op) + ": " : "") + "expected " + what + " in [" + std::to_string(first) + ", " +
                std::to_string(end) + "), got " + std::to_string(*wrong) + " at index " +
                std::to_string(wrong - indices.begin()));
}

}  // namespace

void check_indices(const char* op, const char* what, const Tensor& indices, int64_t first, int64_t end) {
    check_dtype(op, what, indices, DType::i32);
    if (!indices.context().device().shares_host_memory()) return;
    const std::span<const int32_t> values(indices.data<int32_t>(), static_cast<size_t>(indices.elements()));
    check_values(op, what, values, first, end);
}

Tensor indices_on_device(Context& context, const char* what, const Shape& shape, std::span<const int32_t> indices,
                         int64_t first, int64_t end) {
    check_values(nullptr, what, indices, first, end);
    return Tensor::from_host(context, shape, indices);
}

void check_probability(const char* op, float p) {
    if (p >= 0.0f && p < 1.0f) return;
    throw Error(std::string(op) + ": expected a probability in [0, 1), got " + std::to_string(p));
}

}  // namespace heed
