#include "heed/core/ops/shapes/permute_heads.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/permute_heads_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

Tensor swapped(const Tensor& x) {
    const Shape& shape = x.shape();
    const int64_t batch = shape[0], tokens = shape[1], heads = shape[2], head_dim = shape[3];
    Tensor y = Tensor::empty(x.context(), {batch, heads, tokens, head_dim});
    permute_heads_kernels(x).copy({.x = x.f32(),
                                   .y = y.f32(),
                                   .x_strides = {tokens * heads * head_dim, heads * head_dim, head_dim},
                                   .y_strides = {heads * tokens * head_dim, head_dim, tokens * head_dim},
                                   .batch = batch,
                                   .tokens = tokens,
                                   .heads = heads,
                                   .head_dim = head_dim});
    return y;
}

struct PermuteHeadsNode final : Node {
    PermuteHeadsNode() : Node("permute_heads") {}
    void backward() override { x_slot->add(swapped(output().gradient())); }
    GradientSlot* x_slot = nullptr;
};

}  // namespace

Variable permute_heads(const Variable& x) {
    const OpScope scope(x.context(), "permute_heads");
    check_rank("permute_heads", "x", x.shape(), 4);
    Tensor y = swapped(x.value());
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<PermuteHeadsNode>();
    node.x_slot = x.slot();
    return tape.output(node, std::move(y));
}

}  // namespace heed
