#include "heed/core/ops/losses/record_loss.h"

#include "heed/core/device/context.h"
#include "heed/core/kernels/elementwise_kernels.h"

namespace heed {

namespace {

struct LossNode final : Node {
    explicit LossNode(const char* op) : Node(op) {}
    void backward() override {
        elementwise_kernels(dlogits).scale_by(output().gradient().f32(), dlogits.f32(), dlogits.elements());
        logits_slot->add(std::move(dlogits));
    }
    Tensor dlogits;
    GradientSlot* logits_slot = nullptr;
};

}  // namespace

void record_loss(const char* op, const Variable& logits, Tensor value, Tensor dlogits, Variable& loss) {
    Context& context = logits.context();
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
