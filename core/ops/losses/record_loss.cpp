#include "heed/core/ops/losses/record_loss.h"

#include "heed/core/device/context.h"
#include "heed/core/kernels/elementwise_kernels.h"

namespace heed {

namespace {

struct LossNode final : Node {
    explicit LossNode(const char* op) : Node(op) {}
    void backward() override {
        float factor = 1.0f;
        output().gradient().copy_to_host(&factor);
        if (factor != 1.0f)
            elementwise_kernels(dlogits).scale(dlogits.f32(), factor, dlogits.f32(), dlogits.elements());
        logits_slot->add(std::move(dlogits));
    }
    Tensor dlogits;
    GradientSlot* logits_slot;
};

}  // namespace

void record_loss(const char* op, const Variable& logits, double loss_sum, Tensor dlogits, Variable& loss) {
    Context& context = logits.context();
    const float total = static_cast<float>(loss_sum);
    Tensor value = Tensor::from_host(context, {1}, std::span<const float>(&total, 1));
    if (!dlogits.defined()) {
        loss = Variable(std::move(value));
        return;
    }
    auto& node = context.tape().record<LossNode>(op);
    node.dlogits = std::move(dlogits);
    node.logits_slot = logits.slot();
    loss = context.tape().output(node, std::move(value));
}

}  // namespace heed
