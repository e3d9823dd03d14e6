#include "heed/core/ops/check.h"

#include <string>

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

void check_probability(const char* op, float p) {
    if (p >= 0.0f && p < 1.0f) return;
    throw Error(std::string(op) + ": expected a probability in [0, 1), got " + std::to_string(p));
}

}  // namespace heed
