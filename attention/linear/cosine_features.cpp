#include "heed/attention/linear/cosine_features.h"

#include <string>
#include <utility>

#include "heed/attention/heads/head_inputs.h"
#include "heed/attention/linear/feature_kernels.h"
#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

const int32_t* lengths_or_null(const Tensor& lengths) {
    return lengths.data_or_null<int32_t>();
}

CosineFeatures cosine_arguments(const CosineFeatureInput& input) {
    const Shape& shape = input.x.source.shape();
    CosineFeatures result{};
    result.batch = shape[0];
    result.tokens = shape[1];
    result.other_tokens = input.other_tokens;
    result.heads = input.heads;
    result.head_dim = input.head_dim;
    result.lengths = lengths_or_null(input.lengths);
    result.other_lengths = lengths_or_null(input.other_lengths);
    result.x = head_view(input.x, input.head_dim);
    return result;
}

struct CosineFeaturesNode final : Node {
    explicit CosineFeaturesNode(const CosineFeatureInput& input) : Node("cosine_features"), inputs(input) {}
    void backward() override {
        const Tensor& dy = output().gradient();
        auto [dx, accumulate] = x_slot->target();
        if (!accumulate) dx.fill_zero();
        CosineFeatures arguments = cosine_arguments(inputs);
        arguments.dy = dy.f32();
        arguments.dx = head_view(dx, inputs.x.first_column, inputs.head_dim);
        feature_kernels(dy).cosine_backward(arguments);
    }
    CosineFeatureInput inputs;
    GradientSlot* x_slot = nullptr;
};

}  // namespace

Variable cosine_features(const CosineFeatureInput& input) {
    const OpScope scope(input.x.source.context(), "cosine_features");
    check_rank("cosine_features", "x", input.x.source.shape(), 3);
    const Shape& shape = input.x.source.shape();
    if (input.heads < 1 || input.head_dim < 1 || input.x.first_column < 0 ||
        input.x.first_column + input.heads * input.head_dim > shape[2]) {
        throw Error("cosine_features: the heads do not lie within the " + std::to_string(shape[2]) + " columns of x");
    }
    for (const Tensor* lengths : {&input.lengths, &input.other_lengths}) {
        if (!lengths->defined()) continue;
        check_dtype("cosine_features", "lengths", *lengths, DType::i32);
        check_shape("cosine_features", "lengths", lengths->shape(), {shape[0]});
    }
    Tensor y = Tensor::empty(input.x.source.context(), {shape[0], shape[1], input.heads, 2 * input.head_dim});
    CosineFeatures arguments = cosine_arguments(input);
    arguments.y = y.f32();
    feature_kernels(y).cosine(arguments);
    Tape& tape = y.context().tape();
    if (!tape.records(input.x.source)) return Variable(std::move(y));
    auto& node = tape.record<CosineFeaturesNode>(input);
    node.x_slot = input.x.source.slot();
    return tape.output(node, std::move(y));
}

}  // namespace heed
