#include "heed/core/ops/tokens/tokens.h"

#include <algorithm>

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/kernels/token_assembly_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

struct AssembleTokensNode final : Node {
    AssembleTokensNode() : Node("assemble_tokens") {}
    void backward() override {
        const Tensor& dout = output().gradient();
        TokenAssemblyBackward arguments{};
        arguments.dout = dout.f32();
        Tensor dx, dclass, dpositions;
        if (x_slot) {
            dx = Tensor::empty(dout.context(), {batch, tokens, dim});
            arguments.dx = dx.f32();
        }
        if (class_slot) {
            auto [gradient, accumulate] = class_slot->target();
            arguments.dclass_token = gradient.f32();
            arguments.accumulate_class = accumulate;
        }
        if (positions_slot) {
            auto [gradient, accumulate] = positions_slot->target();
            const int64_t used = tokens + (has_class_token ? 1 : 0), unused = gradient.shape()[0] - used;
            if (!accumulate && unused > 0) gradient.slice(used, unused).fill_zero();
            arguments.dpositions = gradient.f32();
            arguments.accumulate_positions = accumulate;
        }
        arguments.has_class_token = has_class_token;
        arguments.batch = batch;
        arguments.tokens = tokens;
        arguments.dim = dim;
        token_assembly_kernels(dout).backward(arguments);
        if (x_slot) x_slot->add(std::move(dx));
    }
    GradientSlot *x_slot = nullptr, *class_slot = nullptr, *positions_slot = nullptr;
    int64_t batch, tokens, dim;
    bool has_class_token;
};

struct PoolTokensNode final : Node {
    PoolTokensNode() : Node("pool_tokens") {}
    void backward() override {
        const Tensor& dout = output().gradient();
        Tensor dx = Tensor::empty(dout.context(), {batch, tokens, dim});
        token_pool_kernels(dout).backward({.dout = dout.f32(),
                                           .lengths = lengths.data_or_null<int32_t>(),
                                           .winners = winners.data_or_null<int32_t>(),
                                           .dx = dx.f32(),
                                           .kind = kind,
                                           .batch = batch,
                                           .tokens = tokens,
                                           .dim = dim});
        x_slot->add(std::move(dx));
    }
    Tensor lengths, winners;
    GradientSlot* x_slot = nullptr;
    TokenPool kind;
    int64_t batch, tokens, dim;
};

}  // namespace

Variable assemble_tokens(const Variable& x, const Variable& class_token, const Variable& positions) {
    const OpScope scope(x.context(), "assemble_tokens");
    check_rank("assemble_tokens", "x", x.shape(), 3);
    const int64_t batch = x.shape()[0], tokens = x.shape()[1], dim = x.shape()[2];
    const int64_t length = tokens + (class_token.defined() ? 1 : 0);
    if (class_token.defined()) check_shape("assemble_tokens", "class_token", class_token.shape(), {dim});
    if (positions.defined()) {
        check_rank("assemble_tokens", "positions", positions.shape(), 2);
        const int64_t places = std::max(length, positions.shape()[0]);
        check_shape("assemble_tokens", "positions", positions.shape(), {places, dim});
    }
    Tensor out = Tensor::empty(x.context(), {batch, length, dim});
    token_assembly_kernels(out).forward({.x = x.value().f32(),
                                         .class_token = class_token.value().data_or_null<float>(),
                                         .positions = positions.value().data_or_null<float>(),
                                         .out = out.f32(),
                                         .batch = batch,
                                         .tokens = tokens,
                                         .dim = dim});
    Tape& tape = x.context().tape();
    if (!tape.records(x, class_token, positions)) return Variable(std::move(out));
    auto& node = tape.record<AssembleTokensNode>();
    node.x_slot = x.slot();
    node.class_slot = class_token.slot();
    node.positions_slot = positions.slot();
    node.batch = batch;
    node.tokens = tokens;
    node.dim = dim;
    node.has_class_token = class_token.defined();
    return tape.output(node, std::move(out));
}

Variable pool_tokens(const Variable& x, TokenPool kind, const Tensor& lengths) {
    const OpScope scope(x.context(), "pool_tokens");
    check_rank("pool_tokens", "x", x.shape(), 3);
    const int64_t batch = x.shape()[0], tokens = x.shape()[1], dim = x.shape()[2];
    if (lengths.defined()) {
        check_dtype("pool_tokens", "lengths", lengths, DType::i32);
        check_shape("pool_tokens", "lengths", lengths.shape(), {batch});
    }
    if (tokens <= single_token(kind)) {
        throw Error("pool_tokens: a sequence of " + std::to_string(tokens) + " tokens has no " +
                    (kind == TokenPool::first ? "first" : "second") + " one");
    }
    Tensor out = Tensor::empty(x.context(), {batch, dim});
    Tensor winners = kind == TokenPool::max ? Tensor::empty(x.context(), {batch, dim}, DType::i32) : Tensor();
    token_pool_kernels(out).forward({.x = x.value().f32(),
                                     .lengths = lengths.data_or_null<int32_t>(),
                                     .out = out.f32(),
                                     .winners = winners.data_or_null<int32_t>(),
                                     .kind = kind,
                                     .batch = batch,
                                     .tokens = tokens,
                                     .dim = dim});
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(out));
    auto& node = tape.record<PoolTokensNode>();
    node.lengths = lengths;
    node.winners = std::move(winners);
    node.x_slot = x.slot();
    node.kind = kind;
    node.batch = batch;
    node.tokens = tokens;
    node.dim = dim;
    return tape.output(node, std::move(out));
}

}  // namespace heed
