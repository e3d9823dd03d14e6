#include "heed/attention/rotary/rotary_kernels.h"
#include "heed/core/cuda/for_each.cuh"

namespace heed {

namespace rotary_card {

namespace {

/// A thread for both columns of a pair, so that y may be x.
template <class Element>
void rotate_rows(const Rotation& a, const Element* all_x, Element* all_y) {
    cuda::for_each_in_rows("rotary", a.rows, (a.width + 1) / 2, [=] __device__(int64_t row, int64_t pair) {
        const Element* const x = all_x + row * a.width;
        Element* const y = all_y + row * a.width;
        const int64_t column = 2 * pair;
        if (column >= a.heads * a.head_dim) {
            y[column] = x[column];
            if (column + 1 < a.width) y[column + 1] = x[column + 1];
            return;
        }
        const int64_t place = a.places ? int64_t{a.places[row]} : a.first_place + row % a.tokens;
        const float* const cosines = a.angles + place * 2 * a.head_dim + column % a.head_dim;
        const float* const sines = cosines + a.head_dim;
        const float first = to_float(x[column]), second = to_float(x[column + 1]), sign = a.back ? -1.0f : 1.0f;
        y[column] = from_float<Element>(first * cosines[0] + sign * sines[0] * second);
        y[column + 1] = from_float<Element>(second * cosines[1] + sign * sines[1] * first);
    });
}

void rotate(const Rotation& a) {
    with_pointers([&](auto* x, auto* y) { rotate_rows(a, x, y); }, a.x, a.y);
}

constexpr RotaryKernels kernels = {rotate};

}  // namespace

}  // namespace rotary_card

const RotaryKernels& rotary_cuda() {
    return rotary_card::kernels;
}

}  // namespace heed
