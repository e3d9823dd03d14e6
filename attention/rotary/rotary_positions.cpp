#include "heed/attention/rotary/rotary_positions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "heed/core/device/context.h"

namespace heed {

namespace {

int64_t places_until(const Tensor& places) {
    std::vector<int32_t> values(static_cast<size_t>(places.elements()));
    places.copy_to_host(values.data());
    return values.empty() ? 0 : *std::max_element(values.begin(), values.end()) + int64_t{1};
}

}  // namespace

const Tensor& RotaryPositions::angles(Context& context, int64_t places) {
    const int64_t known = angles_.defined() ? angles_.shape()[0] : 0;
    // Twice as many as before, so that decoding token by token seldom makes them anew.
    if (!angles_.defined() || known < places) {
        angles_ = rotary_angles(context, std::max(places, 2 * known), head_dim_, base_);
    }
    return angles_;
}

Variable RotaryPositions::rotate(Variable x, int64_t heads, const Tensor& places, int64_t first_place) {
    const int64_t until = places.defined() ? places_until(places) : first_place + x.shape()[1];
    const Tensor& known = angles(x.context(), until);
    return rotary(std::move(x), {known, heads, places, first_place});
}

}  // namespace heed
