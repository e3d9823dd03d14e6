#include "heed/core/ops/tokens/last_tokens.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

namespace {

struct LastTokensNode final : Node {
    LastTokensNode() : Node("last_tokens") {}
    void backward() override {
        const Shape& shape = x_slot->shape();
        const Tensor dy = output().take();
        const int64_t batch = shape[0], width = dy.shape()[1] * shape[2], stride = shape[1] * shape[2];
        Tensor dx = Tensor::zeros(dy.context(), shape);
        copy_rows({dy, 0, width}, {dx, stride - width, stride}, batch, width);
        x_slot->add(std::move(dx));
    }
    GradientSlot* x_slot = nullptr;
};

}  // namespace

Variable last_tokens(const Variable& x, int64_t count) {
    const OpScope scope(x.context(), "last_tokens");
    check_rank("last_tokens", "x", x.shape(), 3);
    const int64_t batch = x.shape()[0], tokens = x.shape()[1], dim = x.shape()[2];
    if (count < 0 || count > tokens) {
        throw Error("last_tokens: expected at most " + std::to_string(tokens) + " tokens, got " +
                    std::to_string(count));
    }
    Tensor y = Tensor::empty(x.context(), {batch, count, dim});
    copy_rows({x.value(), (tokens - count) * dim, tokens * dim}, {y, 0, count * dim}, batch, count * dim);
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<LastTokensNode>();
    node.x_slot = x.slot();
    return tape.output(node, std::move(y));
}

}  // namespace heed
