#include "heed/core/ops/products/mix_tokens.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/kernels/mix_tokens_kernels.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/elementwise/cast.h"
#include "heed/core/ops/shapes/permute_heads.h"

namespace heed {

namespace {

struct MixTokens {
    Tensor x, weight, lengths;
    bool causal = false;

    int64_t batch() const { return x.shape()[0]; }
    int64_t tokens() const { return x.shape()[1]; }
    int64_t width() const { return x.shape()[2]; }

    const int32_t* length_values() const { return lengths.data_or_null<int32_t>(); }

    /// x without what must not be read; x itself where there is nothing of the kind.
    Tensor real_x(bool finite_only) const {
        if (!lengths.defined() && !finite_only) return x;
        Tensor to = Tensor::empty(x.context(), x.shape());
        mix_tokens_kernels(x).real_tokens(
            {x.f32(), length_values(), to.f32(), batch(), tokens(), width(), finite_only});
        return to;
    }

    /// The block of the weight that is used: in place, under a causal mask a copy without its upper triangle.
    struct Block {
        Tensor values;
        int64_t row;  ///< floats from a row to the next
    };
    Block block() const {
        if (!causal) return {weight, weight.shape()[1]};
        Tensor lower = Tensor::empty(x.context(), {tokens(), tokens()});
        mix_tokens_kernels(x).lower_triangle({weight.f32(), weight.shape()[1], lower.f32(), tokens(), tokens(), false});
        return {lower, tokens()};
    }

    /// to[b] = op(block) from[b] for the whole batch.
    void product(const Block& block, bool transpose, const Tensor& from, const Tensor& to) const {
        MatrixProduct product;
        product.transpose_a = transpose;
        product.rows = product.inner = tokens();
        product.columns = width();
        product.a = block.values.f32();
        product.a_row_stride = block.row;
        product.b = from.data();
        product.b_row_stride = width();
        product.c = to.data();
        product.c_row_stride = width();
        product.batch = batch();
        product.b_batch_stride = product.c_batch_stride = tokens() * width();
        if (to.elements() > 0) multiply(x.context(), product);
    }
};

/// [batch, tokens, width] -> [tokens, batch * width], of f32, so that a sum over samples and features is one over a
/// row.
Tensor tokens_first(const Tensor& x) {
    const Shape& shape = x.shape();
    return permute_heads(cast(Variable(x.reshape({1, shape[0], shape[1], shape[2]})), DType::f32)).value();
}

struct MixTokensNode final : Node {
    MixTokensNode() : Node("mix_tokens") {}

    void backward() override {
        const Tensor& dy = output().gradient();
        if (weight_slot) add_weight_gradient(dy);
        if (x_slot) {
            Tensor dx = Tensor::empty(dy.context(), dy.shape(), dy.dtype());
            of.product(of.block(), true, dy, dx);
            if (of.lengths.defined()) {
                mix_tokens_kernels(dx).real_tokens(
                    {dx.f32(), of.length_values(), dx.f32(), of.batch(), of.tokens(), of.width(), false});
            }
            x_slot->add(std::move(dx));
        }
    }

    void add_weight_gradient(const Tensor& dy) {
        auto [dweight, accumulate] = weight_slot->target();
        const int64_t n = dweight.shape()[1], tokens = of.tokens();
        const bool nothing_to_sum = of.x.elements() == 0;
        if (!accumulate && (of.causal || tokens < n || nothing_to_sum)) dweight.fill_zero();
        if (nothing_to_sum) return;
        const Tensor left = tokens_first(dy), right = tokens_first(of.real_x(false));
        const Tensor square = of.causal ? Tensor::empty(dy.context(), {tokens, tokens}) : dweight;
        MatrixProduct product;
        product.transpose_b = true;
        product.rows = product.columns = tokens;
        product.inner = of.batch() * of.width();
        product.a = left.f32();
        product.b = right.f32();
        product.a_row_stride = product.b_row_stride = product.inner;
        product.beta = accumulate && !of.causal ? 1.0f : 0.0f;
        product.c = square.f32();
        product.c_row_stride = square.shape()[1];
        multiply(dy.context(), product);
        if (of.causal) mix_tokens_kernels(dy).lower_triangle({square.f32(), tokens, dweight.f32(), n, tokens, true});
    }

    MixTokens of;
    GradientSlot *x_slot = nullptr, *weight_slot = nullptr;
};

void check(const Variable& x, const Variable& weight, const Tensor& lengths) {
    check_rank("mix_tokens", "x", x.shape(), 3);
    check_rank("mix_tokens", "weight", weight.shape(), 2);
    const int64_t n = weight.shape()[1];
    check_shape("mix_tokens", "weight", weight.shape(), {n, n});
    if (x.shape()[1] > n) {
        throw Error("mix_tokens: expected at most " + std::to_string(n) + " tokens, got " +
                    std::to_string(x.shape()[1]));
    }
    if (lengths.defined()) {
        check_dtype("mix_tokens", "lengths", lengths, DType::i32);
        check_shape("mix_tokens", "lengths", lengths.shape(), {x.shape()[0]});
    }
}

}  // namespace

Variable mix_tokens(const Variable& x, const Variable& weight, const Tensor& lengths, bool causal) {
    const DType dtype = x.value().dtype();
    // What a mask hides is taken out of f32.
    if (dtype == DType::bf16 && (lengths.defined() || causal)) {
        return cast(mix_tokens(cast(x, DType::f32), weight, lengths, causal), dtype);
    }
    const OpScope scope(x.context(), "mix_tokens");
    check(x, weight, lengths);
    const MixTokens of{x.value(), weight.value(), lengths, causal};
    Tensor y = Tensor::empty(x.context(), x.shape(), dtype);
    const MixTokens::Block block = of.block();
    // In the product a weight of 0 does not keep out what is not finite: under a causal mask that is added apart.
    of.product(block, false, of.real_x(causal), y);
    if (causal) {
        mix_tokens_kernels(y).add_not_finite({.x = x.value().f32(),
                                              .lengths = of.length_values(),
                                              .weight = block.values.f32(),
                                              .y = y.f32(),
                                              .batch = of.batch(),
                                              .tokens = of.tokens(),
                                              .width = of.width()});
    }
    Tape& tape = x.context().tape();
    if (!tape.records(x, weight)) return Variable(std::move(y));
    auto& node = tape.record<MixTokensNode>();
    node.of = of;
    node.x_slot = x.slot();
    node.weight_slot = weight.slot();
    return tape.output(node, std::move(y));
}

}  // namespace heed
