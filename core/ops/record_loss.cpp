#include "heed/core/ops/record_loss.h"

#include "heed/core/context.h"
#include "heed/core/ops/elementwise_kernels.h"
#include "heed/core/ops/kernel_table.h"

namespace heed {

namespace {

const KernelTable<ElementwiseKernels> loss_scaling{"loss", elementwise_cpu, elementwise_reference};

struct LossNode final : Node {
    explicit LossNode(const char* op) : Node(op) {}
    void backward() override {
        float factor = 1.0f;
        output().gradient().copy_to_host(&factor);
        if (factor != 1.0f) loss_scaling(dlogits).scale(dlogits.f32(), factor, dlogits.f32(), dlogits.elements());
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
