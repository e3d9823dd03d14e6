#include "heed/attention/rotary/rotary_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace rotary_device {

namespace {

void rotate(const Rotation& a) {
    const int32_t* places = reference_address(a.places);
    for (int64_t row = 0; row < a.rows; ++row) {
        const float* x = reference_address(a.x) + row * a.width;
        float* y = reference_address(a.y) + row * a.width;
        const int64_t place = places == nullptr ? a.first_place + row % a.tokens : places[row];
        const float* cosines = reference_address(a.angles) + place * 2 * a.head_dim;
        const float* sines = cosines + a.head_dim;
        for (int64_t column = 0; column < a.heads * a.head_dim; column += 2) {
            const int64_t j = column % a.head_dim;
            const double first = x[column], second = x[column + 1], sign = a.back ? -1 : 1;
            y[column] = static_cast<float>(first * cosines[j] + sign * second * sines[j]);
            y[column + 1] = static_cast<float>(second * cosines[j + 1] + sign * first * sines[j + 1]);
        }
        for (int64_t column = a.heads * a.head_dim; column < a.width; ++column) y[column] = x[column];
    }
}

constexpr RotaryKernels kernels = {rotate};

}  // namespace

}  // namespace rotary_device

const RotaryKernels& rotary_reference() {
    return rotary_device::kernels;
}

}  // namespace heed
