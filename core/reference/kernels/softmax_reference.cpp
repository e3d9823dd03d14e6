#include <algorithm>
#include <cmath>
#include <limits>

#include "heed/core/kernels/softmax_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace {

int64_t valid_elements(const RowLengths& valid, int64_t row, int64_t width) {
    const int32_t* lengths = reference_address(valid.lengths);
    return lengths == nullptr ? width : std::clamp<int64_t>(lengths[row / valid.rows_per_length], 0, width);
}

void softmax_forward(const SoftmaxForward& a) {
    for (int64_t row = 0; row < a.rows; ++row) {
        const float* x = reference_address(a.x) + row * a.width;
        float* y = reference_address(a.y) + row * a.width;
        const int64_t n = valid_elements(a.valid, row, a.width);
        double largest = -std::numeric_limits<double>::infinity();
        for (int64_t j = 0; j < n; ++j) largest = std::max<double>(largest, x[j]);
        const double shift = std::isinf(largest) && largest < 0 ? 0 : largest;
        double sum = 0;
        for (int64_t j = 0; j < n; ++j) sum += std::exp(x[j] - shift);
        for (int64_t j = 0; j < n; ++j) y[j] = sum == 0 ? 0 : static_cast<float>(std::exp(x[j] - shift) / sum);
        std::fill(y + n, y + a.width, 0.0F);
    }
}

void softmax_backward(const SoftmaxBackward& a) {
    for (int64_t row = 0; row < a.rows; ++row) {
        const float* y = reference_address(a.y) + row * a.width;
        const float* dy = reference_address(a.dy) + row * a.width;
        float* dx = reference_address(a.dx) + row * a.width;
        const int64_t n = valid_elements(a.valid, row, a.width);
        double mean = 0;
        for (int64_t j = 0; j < n; ++j) mean += static_cast<double>(y[j]) * dy[j];
        for (int64_t j = 0; j < n; ++j) dx[j] = static_cast<float>(y[j] * (dy[j] - mean));
        std::fill(dx + n, dx + a.width, 0.0F);
    }
}

constexpr SoftmaxKernels softmax_reference_kernels = {softmax_forward, softmax_backward};

}  // namespace

const SoftmaxKernels& softmax_reference() {
    return softmax_reference_kernels;
}

}  // namespace heed
