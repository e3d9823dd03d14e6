#include "heed/attention/rotary/rotary.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "heed/attention/rotary/rotary_kernels.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

/// In the memory of x where nobody else holds it.
Tensor rotated(Tensor x, const Rotary& rotation, bool back) {
    const Shape& shape = x.shape();
    Tensor y = x.unique() ? Tensor() : Tensor::empty(x.context(), shape, x.dtype());
    rotary_kernels(x).rotate({.x = x.data(),
                              .y = y.defined() ? y.data() : x.data(),
                              .angles = rotation.angles.f32(),
                              .places = rotation.places.data_or_null<int32_t>(),
                              .first_place = rotation.first_place,
                              .rows = shape[0] * shape[1],
                              .tokens = shape[1],
                              .width = shape[2],
                              .heads = rotation.heads,
                              .head_dim = rotation.angles.shape()[2],
                              .back = back});
    return y.defined() ? y : x;
}

void check_rotation(const Shape& x, const Rotary& rotation) {
    check_rank("rotary", "x", x, 3);
    check_rank("rotary", "angles", rotation.angles.shape(), 3);
    const int64_t places = rotation.angles.shape()[0], head_dim = rotation.angles.shape()[2];
    check_shape("rotary", "angles", rotation.angles.shape(), {places, 2, head_dim});
    if (rotation.heads < 0 || rotation.heads * head_dim > x[2]) {
        throw Error("rotary: " + std::to_string(rotation.heads) + " heads of " + std::to_string(head_dim) +
                    " components do not lie within " + std::to_string(x[2]) + " columns");
    }
    if (rotation.places.defined()) {
        check_shape("rotary", "places", rotation.places.shape(), {x[0], x[1]});
        check_indices("rotary", "places", rotation.places, 0, places);
    } else if (rotation.first_place < 0 || rotation.first_place + x[1] > places) {
        throw Error("rotary: expected places below " + std::to_string(places) + ", got " + std::to_string(x[1]) +
                    " tokens from place " + std::to_string(rotation.first_place) + " on");
    }
}

struct RotaryNode final : Node {
    RotaryNode() : Node("rotary") {}
    void backward() override { x_slot->add(rotated(output().take(), rotation, /*back=*/true)); }
    Rotary rotation;
    GradientSlot* x_slot = nullptr;
};

}  // namespace

Tensor rotary_angles(Context& context, int64_t places, int64_t head_dim, double base) {
    if (head_dim < 2 || head_dim % 2 != 0) {
        throw Error("rotary: expected heads of an even number of components, got " + std::to_string(head_dim));
    }
    std::vector<float> table;
    table.reserve(static_cast<size_t>(places * 2 * head_dim));
    const auto angle_of = [&](int64_t place, int64_t component) {
        const double exponent = -static_cast<double>(component / 2 * 2) / static_cast<double>(head_dim);
        return static_cast<double>(place) * std::pow(base, exponent);
    };
    for (int64_t place = 0; place < places; ++place) {
        for (int64_t j = 0; j < head_dim; ++j) table.push_back(static_cast<float>(std::cos(angle_of(place, j))));
        for (int64_t j = 0; j < head_dim; ++j) {
            const double sine = std::sin(angle_of(place, j));
            table.push_back(static_cast<float>(j % 2 == 0 ? -sine : sine));
        }
    }
    return Tensor::from_host(context, {places, 2, head_dim}, std::span<const float>(table));
}

Variable rotary(Variable x, const Rotary& rotation) {
    Context& context = x.context();
    const OpScope scope(context, "rotary");
    check_rotation(x.shape(), rotation);
    Tape& tape = context.tape();
    const bool records = tape.records(x);
    GradientSlot* const slot = records ? x.slot() : nullptr;
    Tensor value = x.value();
    x = Variable();
    Tensor y = rotated(std::move(value), rotation, /*back=*/false);
    if (!records) return Variable(std::move(y));
    auto& node = tape.record<RotaryNode>();
    node.rotation = rotation;
    node.x_slot = slot;
    return tape.output(node, std::move(y));
}

}  // namespace heed
