#include "heed/attention/linear/segment_means.h"

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

Segments segment_arguments(const SegmentMeans& means, const Shape& x) {
    Segments result{};
    result.batch = x[0];
    result.tokens = x[1];
    result.heads = means.heads;
    result.segments = means.segments;
    result.head_dim = means.head_dim;
    result.lengths = means.lengths.data_or_null<int32_t>();
    return result;
}

struct SegmentMeansNode final : Node {
    explicit SegmentMeansNode(const SegmentMeans& of) : Node("segment_means"), means(of), shape(of.x.source.shape()) {
        x_slot = means.x.source.slot();
        means.x.source = Variable();
    }
    void backward() override {
        const Tensor& dy = output().gradient();
        auto [dx, accumulate] = x_slot->target();
        if (!accumulate) dx.fill_zero();
        Segments arguments = segment_arguments(means, shape);
        arguments.dy = dy.f32();
        arguments.dx = head_view(dx, means.x.first_column, means.head_dim);
        feature_kernels(dy).segment_means_backward(arguments);
    }
    SegmentMeans means;
    Shape shape;
    GradientSlot* x_slot = nullptr;
};

}  // namespace

Variable segment_means(const SegmentMeans& means) {
    const OpScope scope(means.x.source.context(), "segment_means");
    check_rank("segment_means", "x", means.x.source.shape(), 3);
    const Shape& shape = means.x.source.shape();
    if (means.heads < 1 || means.head_dim < 1 || means.segments < 1 || means.x.first_column < 0 ||
        means.x.first_column + means.heads * means.head_dim > shape[2]) {
        throw Error("segment_means: expected at least one segment, and heads within the " + std::to_string(shape[2]) +
                    " columns of x");
    }
    if (means.lengths.defined()) {
        check_dtype("segment_means", "lengths", means.lengths, DType::i32);
        check_shape("segment_means", "lengths", means.lengths.shape(), {shape[0]});
    }
    Tensor y = Tensor::empty(means.x.source.context(), {shape[0], means.heads, means.segments, means.head_dim});
    Segments arguments = segment_arguments(means, shape);
    arguments.x = head_view(means.x, means.head_dim);
    arguments.y = y.f32();
    feature_kernels(y).segment_means(arguments);
    Tape& tape = y.context().tape();
    if (!tape.records(means.x.source)) return Variable(std::move(y));
    auto& node = tape.record<SegmentMeansNode>(means);
    return tape.output(node, std::move(y));
}

}  // namespace heed
