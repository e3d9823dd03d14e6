#include "heed/core/ops/tokens/first_tokens.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/shapes/copy_rows.h"

namespace heed {

namespace {

struct FirstTokensNode final : Node {
    FirstTokensNode() : Node("first_tokens") {}
    void backward() override {
        const Shape& shape = x_slot->shape();
        const Tensor dy = output().take();
        const int64_t width = dy.shape()[1] * shape[2];
        Tensor dx = Tensor::zeros(dy.context(), shape);
        copy_rows({dy, 0, width}, {dx, 0, shape[1] * shape[2]}, shape[0], width);
        x_slot->add(std::move(dx));
    }
    GradientSlot* x_slot = nullptr;
};

}  // namespace

Variable first_tokens(const Variable& x, int64_t count) {
    const OpScope scope(x.context(), "first_tokens");
    check_rank("first_tokens", "x", x.shape(), 3);
    const int64_t batch = x.shape()[0], tokens = x.shape()[1], dim = x.shape()[2];
    if (count < 0 || count > tokens) {
        throw Error("first_tokens: expected at most " + std::to_string(tokens) + " tokens, got " +
                    std::to_string(count));
    }
    if (count == tokens) return x;
    Tensor y = Tensor::empty(x.context(), {batch, count, dim});
    copy_rows({x.value(), 0, tokens * dim}, {y, 0, count * dim}, batch, count * dim);
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<FirstTokensNode>();
    node.x_slot = x.slot();
    return tape.output(node, std::move(y));
}

}  // namespace heed
