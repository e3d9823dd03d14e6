#include "heed/core/ops/losses/cross_entropy.h"

#include "heed/core/device/context.h"
#include "heed/core/kernels/cross_entropy_kernels.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/losses/record_loss.h"

namespace heed {

namespace {}  // namespace

CrossEntropyResult cross_entropy(const Variable& logits, const Tensor& targets, float label_smoothing,
                                 const Tensor& class_weights) {
    check_rank("cross_entropy", "logits", logits.shape(), 2);
    const int64_t rows = logits.shape()[0], classes = logits.shape()[1];
    check_shape("cross_entropy", "targets", targets.shape(), {rows});
    check_indices("cross_entropy", "targets", targets, -1, classes);
    if (class_weights.defined()) check_shape("cross_entropy", "class weights", class_weights.shape(), {classes});
    Context& context = logits.context();
    const bool records = context.tape().records(logits);
    Tensor losses = Tensor::empty(context, {rows}), nll = Tensor::empty(context, {rows});
    Tensor row_weights = Tensor::empty(context, {rows});
    Tensor predictions = Tensor::empty(context, {rows}, DType::i32);
    Tensor dlogits = records ? Tensor::empty(context, logits.shape()) : Tensor();
    const CrossEntropyKernels& kernel = cross_entropy_kernels(losses);
    kernel.forward({logits.value().f32(), targets.data<int32_t>(), losses.f32(), nll.f32(), predictions.data<int32_t>(),
                    records ? dlogits.f32() : nullptr, rows, classes, label_smoothing,
                    class_weights.defined() ? class_weights.f32() : nullptr, row_weights.f32()});
    CrossEntropyResult result;
    result.loss_sum = kernel.sum(losses.f32(), rows);
    result.nll_sum = kernel.sum(nll.f32(), rows);
    result.weight_sum = kernel.sum(row_weights.f32(), rows);
    result.predictions = std::move(predictions);
    record_loss("cross_entropy", logits, result.loss_sum, std::move(dlogits), result.loss);
    return result;
}

}  // namespace heed
