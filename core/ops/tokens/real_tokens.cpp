#include "heed/core/ops/tokens/real_tokens.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/mix_tokens_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

Tensor without_padding(const Tensor& x, const Tensor& lengths) {
    const Shape& shape = x.shape();
    Tensor y = Tensor::empty(x.context(), shape);
    mix_tokens_kernels(y).real_tokens(
        {x.f32(), lengths.data<int32_t>(), y.f32(), shape[0], shape[1], shape[2], /*finite_only=*/false});
    return y;
}

struct RealTokensNode final : Node {
    RealTokensNode() : Node("real_tokens") {}
    void backward() override { x_slot->add(without_padding(output().take(), lengths)); }
    GradientSlot* x_slot = nullptr;
    Tensor lengths;
};

}  // namespace

Variable real_tokens(const Variable& x, const Tensor& lengths) {
    const OpScope scope(x.context(), "real_tokens");
    check_rank("real_tokens", "x", x.shape(), 3);
    if (!lengths.defined()) return x;
    check_dtype("real_tokens", "lengths", lengths, DType::i32);
    check_shape("real_tokens", "lengths", lengths.shape(), {x.shape()[0]});
    Tensor y = without_padding(x.value(), lengths);
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<RealTokensNode>();
    node.x_slot = x.slot();
    node.lengths = lengths;
    return tape.output(node, std::move(y));
}

}  // namespace heed
