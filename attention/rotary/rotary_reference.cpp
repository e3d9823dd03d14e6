#include "heed/attention/rotary/rotary_kernels.h"
#include "heed/core/reference/address.h"

namespace heed {

namespace rotary_device {

namespace {

template <class Element>
void rotate_rows(const Rotation& a, const Element* all_x, Element* all_y) {
    const int32_t* places = reference_address(a.places);
    for (int64_t row = 0; row < a.rows; ++row) {
        const Element* x = reference_address(all_x) + row * a.width;
        Element* y = reference_address(all_y) + row * a.width;
        const int64_t place = places == nullptr ? a.first_place + row % a.tokens : places[row];
        const float* cosines = reference_address(a.angles) + place * 2 * a.head_dim;
        const float* sines = cosines + a.head_dim;
        for (int64_t column = 0; column < a.heads * a.head_dim; column += 2) {
            const int64_t j = column % a.head_dim;
            const double first = to_float(x[column]), second = to_float(x[column + 1]), sign = a.back ? -1 : 1;
            y[column] = from_float<Element>(static_cast<float>(first * cosines[j] + sign * second * sines[j]));
            y[column + 1] =
                from_float<Element>(static_cast<float>(second * cosines[j + 1] + sign * first * sines[j + 1]));
        }
        for (int64_t column = a.heads * a.head_dim; column < a.width; ++column) y[column] = x[column];
    }
}

void rotate(const Rotation& a) {
    with_pointers([&](auto* x, auto* y) { rotate_rows(a, x, y); }, a.x, a.y);
}

constexpr RotaryKernels kernels = {rotate};

}  // namespace

}  // namespace rotary_device

const RotaryKernels& rotary_reference() {
    return rotary_device::kernels;
}

}  // namespace heed
