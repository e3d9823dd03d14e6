#include "heed/attention/landmarks/pseudo_inverse.h"

#include <utility>
#include <vector>

#include "heed/attention/landmarks/pseudo_inverse_kernels.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/products/matmul.h"

namespace heed {

namespace {

int64_t matrices_in(const Shape& shape) {
    const int64_t size = shape[-1];
    return size == 0 ? 0 : shape.elements() / (size * size);
}

struct PseudoInverseStartNode final : Node {
    PseudoInverseStartNode() : Node("pseudo_inverse_start") {}
    void backward() override {
        const Tensor dy = output().take();
        Tensor d_a = Tensor::empty(dy.context(), dy.shape());
        pseudo_inverse_kernels(a).start_backward(a.f32(), dy.f32(), d_a.f32(), matrices_in(dy.shape()), dy.shape()[-1]);
        a_slot->add(std::move(d_a));
    }
    Tensor a;
    GradientSlot* a_slot = nullptr;
};

Variable identities(Context& context, const Shape& shape) {
    const int64_t size = shape[-1];
    std::vector<float> values(static_cast<size_t>(shape.elements()), 0.0f);
    for (int64_t i = 0; i < matrices_in(shape); ++i) {
        for (int64_t j = 0; j < size; ++j) values[static_cast<size_t>((i * size + j) * size + j)] = 1.0f;
    }
    return Variable(Tensor::from_host(context, shape, std::span<const float>(values)));
}

/// factor - x, of matrices
Variable less(const Variable& identity, float factor, const Variable& x) {
    return add(scale(identity, factor), scale(x, -1.0f));
}

}  // namespace

Variable pseudo_inverse_start(const Variable& a) {
    const OpScope scope(a.context(), "pseudo_inverse_start");
    check_shape("pseudo_inverse_start", "a", a.shape(), a.shape().with_last(a.shape()[-2]));
    Tensor start = Tensor::empty(a.context(), a.shape());
    pseudo_inverse_kernels(start).start(a.value().f32(), start.f32(), matrices_in(a.shape()), a.shape()[-1]);
    Tape& tape = a.context().tape();
    if (!tape.records(a)) return Variable(std::move(start));
    auto& node = tape.record<PseudoInverseStartNode>();
    node.a = a.value();
    node.a_slot = a.slot();
    return tape.output(node, std::move(start));
}

Variable pseudo_inverse(const Variable& a, int64_t steps) {
    Variable z = pseudo_inverse_start(a);
    const Variable identity = identities(a.context(), a.shape());
    for (int64_t step = 0; step < steps; ++step) {
        const Variable product = matmul(a, z);
        const Variable inner = less(identity, 15.0f, matmul(product, less(identity, 7.0f, product)));
        z = scale(matmul(z, less(identity, 13.0f, matmul(product, inner))), 0.25f);
    }
    return z;
}

}  // namespace heed
