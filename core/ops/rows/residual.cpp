#include "heed/core/ops/rows/residual.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/residual_add_kernels.h"
#include "heed/core/kernels/residual_layer_norm_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

int64_t elements_per_sample(const Shape& shape) {
    return shape.rank() == 0 || shape[0] == 0 ? shape.elements() : shape.elements() / shape[0];
}

/// Gradient of x + dropout(branch).
void add_backward(Tensor dsum, GradientSlot* x_slot, GradientSlot* branch_slot, const BranchDropout& dropout) {
    if (branch_slot && dropout.probability == 0.0f) {
        branch_slot->add(dsum);
    } else if (branch_slot) {
        Tensor dbranch = Tensor::empty(dsum.context(), dsum.shape());
        residual_add_kernels(dsum).backward({.dsum = dsum.f32(),
                                             .dbranch = dbranch.f32(),
                                             .count = dsum.elements(),
                                             .dropout = dropout.probability,
                                             .stream = dropout.stream,
                                             .elements_per_sample = elements_per_sample(dsum.shape())});
        branch_slot->add(std::move(dbranch));
    }
    if (x_slot) x_slot->add(std::move(dsum));
}

struct ResidualAddNode final : Node {
    ResidualAddNode() : Node("residual_add") {}
    void backward() override { add_backward(output().take(), x_slot, branch_slot, dropout); }
    GradientSlot *x_slot = nullptr, *branch_slot = nullptr;
    BranchDropout dropout;
};

struct ResidualLayerNormNode final : Node {
    ResidualLayerNormNode() : Node("residual_layer_norm") {}
    void backward() override {
        const int64_t rows = sum.shape().rows(), width = sum.shape()[-1];
        Context& context = sum.context();
        if (!output(1).defined()) {
            add_backward(output(0).take(), x_slot, branch_slot, dropout);
            return;
        }
        Tensor dnormed = output(1).take();
        Tensor dsum = output(0).defined() ? output(0).take() : Tensor();
        Tensor dx = dsum.defined() && dsum.unique()                     ? dsum
                    : dnormed.unique() && dnormed.dtype() == DType::f32 ? dnormed
                                                                        : Tensor::empty(context, sum.shape());
        const bool dropped = dropout.probability > 0.0f;
        Tensor dbranch = dropped && branch_slot ? Tensor::empty(context, sum.shape()) : Tensor();
        auto [dgain, dbias, accumulate] = target_pair(gain_slot, bias_slot);
        const ResidualLayerNormKernels& kernel = residual_layer_norm_kernels(sum);
        Tensor workspace = Tensor::empty(context, {kernel.backward_workspace(rows, width)});
        kernel.backward({.dnormed = dnormed.data(),
                         .dsum = dsum.data_or_null<float>(),
                         .sum = sum.f32(),
                         .gain = gain.f32(),
                         .mean = mean.f32(),
                         .rstd = rstd.f32(),
                         .dx = dx.f32(),
                         .dbranch = dbranch.data_or_null<float>(),
                         .dgain = dgain,
                         .dbias = dbias,
                         .accumulate = accumulate,
                         .workspace = workspace.f32(),
                         .rows = rows,
                         .width = width,
                         .dropout = dropout.probability,
                         .stream = dropout.stream,
                         .elements_per_sample = elements_per_sample(sum.shape())});
        if (branch_slot) branch_slot->add(dropped ? std::move(dbranch) : dx);
        if (x_slot) x_slot->add(std::move(dx));
    }

    Tensor sum, gain, mean, rstd;
    GradientSlot *x_slot = nullptr, *branch_slot = nullptr, *gain_slot = nullptr, *bias_slot = nullptr;
    BranchDropout dropout;
};

}  // namespace

Variable residual_add(const Variable& x, const Variable& branch, const BranchDropout& dropout) {
    const OpScope scope(x.context(), "residual_add");
    check_shape("residual_add", "branch", branch.shape(), x.shape());
    check_probability("residual_add", dropout.probability);
    Tensor sum = Tensor::empty(x.context(), x.shape());
    residual_add_kernels(sum).forward({.x = x.value().f32(),
                                       .branch = branch.value().f32(),
                                       .sum = sum.f32(),
                                       .count = sum.elements(),
                                       .dropout = dropout.probability,
                                       .stream = dropout.stream,
                                       .elements_per_sample = elements_per_sample(x.shape())});
    Tape& tape = x.context().tape();
    if (!tape.records(x, branch)) return Variable(std::move(sum));
    auto& node = tape.record<ResidualAddNode>();
    node.x_slot = x.slot();
    node.branch_slot = branch.slot();
    node.dropout = dropout;
    return tape.output(node, std::move(sum));
}

ResidualLayerNorm residual_layer_norm(const Variable& x, const Variable& branch, const Variable& gain,
                                      const Variable& bias, float epsilon, const BranchDropout& dropout,
                                      DType normed_type) {
    const OpScope scope(x.context(), "residual_layer_norm");
    const int64_t width = x.shape()[-1], rows = x.shape().rows();
    check_shape("residual_layer_norm", "branch", branch.shape(), x.shape());
    check_shape("residual_layer_norm", "gain", gain.shape(), {width});
    check_shape("residual_layer_norm", "bias", bias.shape(), {width});
    check_probability("residual_layer_norm", dropout.probability);
    Context& context = x.context();
    Tensor sum = Tensor::empty(context, x.shape()), normed = Tensor::empty(context, x.shape(), normed_type);
    Tensor mean = Tensor::empty(context, {rows}), rstd = Tensor::empty(context, {rows});
    residual_layer_norm_kernels(sum).forward({.x = x.value().f32(),
                                              .branch = branch.value().f32(),
                                              .gain = gain.value().f32(),
                                              .bias = bias.value().f32(),
                                              .sum = sum.f32(),
                                              .normed = normed.data(),
                                              .mean = mean.f32(),
                                              .rstd = rstd.f32(),
                                              .rows = rows,
                                              .width = width,
                                              .epsilon = epsilon,
                                              .dropout = dropout.probability,
                                              .stream = dropout.stream,
                                              .elements_per_sample = elements_per_sample(x.shape())});
    Tape& tape = context.tape();
    if (!tape.records(x, branch, gain, bias)) return {Variable(std::move(sum)), Variable(std::move(normed))};
    auto& node = tape.record<ResidualLayerNormNode>();
    node.sum = sum;
    node.gain = gain.value();
    node.mean = std::move(mean);
    node.rstd = std::move(rstd);
    node.x_slot = x.slot();
    node.branch_slot = branch.slot();
    node.gain_slot = gain.slot();
    node.bias_slot = bias.slot();
    node.dropout = dropout;
    return {tape.output(node, std::move(sum), 0), tape.output(node, std::move(normed), 1)};
}

}  // namespace heed
