#include "heed/core/ops/elementwise/activation.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/ops/products/linear.h"

namespace heed {

namespace {

struct ActivationNode final : Node {
    ActivationNode() : Node("activation") {}
    void backward() override {
        Tensor dy = output().take();
        Tensor dx = dy.unique() ? dy : Tensor::empty(dy.context(), dy.shape(), dy.dtype());
        activation_kernels(x).backward(kind, x.data(), dy.data(), dx.data(), x.elements());
        x_slot->add(std::move(dx));
    }
    Tensor x;
    GradientSlot* x_slot = nullptr;
    Activation kind;
};

struct LinearActivationNode final : Node {
    LinearActivationNode() : Node("linear_activation") {}
    void backward() override {
        Tensor dy = output().take();
        Tensor dpre = dy.unique() ? dy : Tensor::empty(dy.context(), dy.shape(), dy.dtype());
        const int64_t rows = dy.shape().rows(), width = dy.shape()[-1];
        const ActivationKernels& kernel = activation_kernels(pre);
        if (bias_slot) {
            Tensor workspace = Tensor::empty(dy.context(), {kernel.backward_bias_workspace(rows, width)});
            auto [dbias, accumulate] = bias_slot->target();
            kernel.backward_bias({.kind = kind,
                                  .x = pre.data(),
                                  .dy = dy.data(),
                                  .dx = dpre.data(),
                                  .dbias = dbias.f32(),
                                  .accumulate = accumulate,
                                  .workspace = workspace.f32(),
                                  .rows = rows,
                                  .width = width});
        } else {
            kernel.backward(kind, pre.data(), dy.data(), dpre.data(), dy.elements());
        }
        pre = Tensor();
        detail::linear_backward(dpre, x, weight, x_slot, weight_slot);
    }
    Tensor x, weight, pre;
    GradientSlot *x_slot = nullptr, *weight_slot = nullptr, *bias_slot = nullptr;
    Activation kind;
};

}  // namespace

Variable activation(const Variable& x, Activation kind) {
    const OpScope scope(x.context(), "activation");
    Tensor y = Tensor::empty(x.context(), x.shape(), x.value().dtype());
    activation_kernels(y).forward(kind, x.value().data(), y.data(), y.elements());
    Tape& tape = x.context().tape();
    if (!tape.records(x)) return Variable(std::move(y));
    auto& node = tape.record<ActivationNode>();
    node.x = x.value();
    node.x_slot = x.slot();
    node.kind = kind;
    return tape.output(node, std::move(y));
}

Variable linear_activation(const Variable& x, const Variable& weight, const Variable& bias, Activation kind,
                           DType result) {
    const OpScope scope(x.context(), "linear_activation");
    Tensor pre = detail::linear_forward("linear_activation", x, weight, bias, result);
    Tape& tape = x.context().tape();
    const bool records = tape.records(x, weight, bias);
    Tensor y = records ? Tensor::empty(x.context(), pre.shape(), result) : pre;
    activation_kernels(y).forward(kind, pre.data(), y.data(), y.elements());
    if (!records) return Variable(std::move(y));
    auto& node = tape.record<LinearActivationNode>();
    node.x_slot = x.slot();
    node.weight_slot = weight.slot();
    node.bias_slot = bias.slot();
    if (node.weight_slot) node.x = x.value();
    node.weight = weight.value();
    node.pre = std::move(pre);
    node.kind = kind;
    return tape.output(node, std::move(y));
}

Activation activation_from_name(std::string_view name) {
    if (name == "relu") return Activation::relu;
    if (name == "gelu") return Activation::gelu;
    if (name == "gelu_tanh") return Activation::gelu_tanh;
    if (name == "silu") return Activation::silu;
    if (name == "tanh") return Activation::tanh;
    throw UserError("expected an activation out of relu, gelu, gelu_tanh, silu, tanh, got '" + std::string(name) + "'");
}

}  // namespace heed
