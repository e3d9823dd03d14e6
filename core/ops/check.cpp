#include "heed/core/ops/check.h"

#include <algorithm>
#include <iterator>
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

void check_indices(const char* op, const char* what, const Tensor& indices, int64_t first, int64_t end) {
    check_dtype(op, what, indices, DType::i32);
    int32_t piece[256];
    for (int64_t begin = 0; begin < indices.elements(); begin += std::ssize(piece)) {
        const int64_t count = std::min<int64_t>(std::ssize(piece), indices.elements() - begin);
        indices.view(begin, {count}).copy_to_host(piece);
        for (int64_t i = 0; i < count; ++i) {
            if (piece[i] >= first && piece[i] < end) continue;
            throw Error(std::string(op) + ": expected " + what + " in [" + std::to_string(first) + ", " +
                        std::to_string(end) + "), got " + std::to_string(piece[i]) + " at place " +
                        std::to_string(begin + i));
        }
    }
}

void check_probability(const char* op, float p) {
    if (p >= 0.0f && p < 1.0f) return;
    throw Error(std::string(op) + ": expected a probability in [0, 1), got " + std::to_string(p));
}

}  // namespace heed
