#include "heed/core/ops/rows/layer_norm.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/layer_norm_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

struct LayerNormNode final : Node {
    LayerNormNode() : Node("layer_norm") {}
    void backward() override {
        Tensor dy = output().take();
        const int64_t rows = x.shape().rows(), width = x.shape()[-1];
        Context& context = x.context();
        Tensor dx = dy.unique() ? dy : Tensor::empty(context, x.shape());
        auto [dgain, dbias, accumulate] = target_pair(gain_slot, bias_slot);
        const LayerNormKernels& kernel = layer_norm_kernels(x);
        Tensor workspace = Tensor::empty(context, {kernel.backward_workspace(rows, width)});
        kernel.backward({.dy = dy.f32(),
                         .x = x.f32(),
                         .gain = gain.f32(),
                         .mean = mean.f32(),
                         .rstd = rstd.f32(),
                         .dx = dx.f32(),
                         .dgain = dgain,
                         .dbias = dbias,
                         .accumulate = accumulate,
                         .workspace = workspace.f32(),
                         .rows = rows,
                         .width = width});
        if (x_slot) x_slot->add(std::move(dx));
    }
    Tensor x, gain, mean, rstd;
    GradientSlot *x_slot = nullptr, *gain_slot = nullptr, *bias_slot = nullptr;
};

}  // namespace

Variable layer_norm(const Variable& x, const Variable& gain, const Variable& bias, float epsilon) {
    const OpScope scope(x.context(), "layer_norm");
    const int64_t width = x.shape()[-1], rows = x.shape().rows();
    check_shape("layer_norm", "gain", gain.shape(), {width});
    check_shape("layer_norm", "bias", bias.shape(), {width});
    Context& context = x.context();
    Tensor y = Tensor::empty(context, x.shape());
    Tensor mean = Tensor::empty(context, {rows}), rstd = Tensor::empty(context, {rows});
    layer_norm_kernels(x.value()).forward({.x = x.value().f32(),
                                           .gain = gain.value().f32(),
                                           .bias = bias.value().f32(),
                                           .y = y.f32(),
                                           .mean = mean.f32(),
                                           .rstd = rstd.f32(),
                                           .rows = rows,
                                           .width = width,
                                           .epsilon = epsilon});
    Tape& tape = context.tape();
    if (!tape.records(x, gain, bias)) return Variable(std::move(y));
    auto& node = tape.record<LayerNormNode>();
    node.x = x.value();
    node.gain = gain.value();
    node.mean = std::move(mean);
    node.rstd = std::move(rstd);
    node.x_slot = x.slot();
    node.gain_slot = gain.slot();
    node.bias_slot = bias.slot();
    return tape.output(node, std::move(y));
}

}  // namespace heed
