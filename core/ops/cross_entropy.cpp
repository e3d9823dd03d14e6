#include "heed/core/ops/cross_entropy.h"

#include "heed/core/context.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/cross_entropy_kernels.h"
#include "heed/core/ops/elementwise_kernels.h"
#include "heed/core/ops/kernel_table.h"

namespace heed {

namespace {

const KernelTable<CrossEntropyKernels> cross_entropy_kernels{"cross_entropy", cross_entropy_cpu,
                                                             cross_entropy_reference};
const KernelTable<ElementwiseKernels> scaling{"cross_entropy", elementwise_cpu, elementwise_reference};

struct CrossEntropyNode final : Node {
    CrossEntropyNode() : Node("cross_entropy") {}
    void backward() override {
        float factor = 1.0f;
        output().gradient().copy_to_host(&factor);
        if (factor != 1.0f) scaling(dlogits).scale(dlogits.f32(), factor, dlogits.f32(), dlogits.elements());
        logits_slot->add(std::move(dlogits));
    }
    Tensor dlogits;
    GradientSlot* logits_slot;
};

}  // namespace

CrossEntropyResult cross_entropy(const Variable& logits, const Tensor& targets, float label_smoothing) {
    check_rank("cross_entropy", "logits", logits.shape(), 2);
    const int64_t rows = logits.shape()[0], classes = logits.shape()[1];
    check_shape("cross_entropy", "targets", targets.shape(), {rows});
    check_indices("cross_entropy", "targets", targets, -1, classes);
    Context& context = logits.context();
    Tape& tape = context.tape();
    const bool records = tape.records(logits);
    Tensor losses = Tensor::empty(context, {rows}), nll = Tensor::empty(context, {rows});
    Tensor predictions = Tensor::empty(context, {rows}, DType::i32);
    Tensor dlogits = records ? Tensor::empty(context, logits.shape()) : Tensor();
    const CrossEntropyKernels& kernel = cross_entropy_kernels(losses);
    kernel.forward({logits.value().f32(), targets.data<int32_t>(), losses.f32(), nll.f32(), predictions.data<int32_t>(),
                    records ? dlogits.f32() : nullptr, rows, classes, label_smoothing});
    CrossEntropyResult result;
    result.loss_sum = kernel.sum(losses.f32(), rows);
    result.nll_sum = kernel.sum(nll.f32(), rows);
    result.predictions = std::move(predictions);
    const float total = static_cast<float>(result.loss_sum);
    Tensor loss = Tensor::from_host(context, {1}, std::span<const float>(&total, 1));
    if (!records) {
        result.loss = Variable(std::move(loss));
        return result;
    }
    auto& node = tape.record<CrossEntropyNode>();
    node.dlogits = std::move(dlogits);
    node.logits_slot = logits.slot();
    result.loss = tape.output(node, std::move(loss));
    return result;
}

}  // namespace heed
