#include "heed/core/ops/losses/cross_entropy.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/cross_entropy_kernels.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/losses/record_loss.h"

namespace heed {

CrossEntropyTotals CrossEntropyResult::totals() const {
    double values[3];
    sums.copy_to_host(values);
    return {values[0], values[1], values[2]};
}

CrossEntropyResult cross_entropy(const Variable& logits, const Tensor& targets, float label_smoothing,
                                 const Tensor& class_weights) {
    const OpScope scope(logits.context(), "cross_entropy");
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
    kernel.forward({.logits = logits.value().f32(),
                    .targets = targets.data<int32_t>(),
                    .losses = losses.f32(),
                    .nll = nll.f32(),
                    .predictions = predictions.data<int32_t>(),
                    .dlogits = records ? dlogits.f32() : nullptr,
                    .rows = rows,
                    .classes = classes,
                    .label_smoothing = label_smoothing,
                    .class_weights = class_weights.data_or_null<float>(),
                    .row_weights = row_weights.f32()});
    CrossEntropyResult result;
    result.sums = Tensor::empty(context, {3}, DType::f64);
    Tensor loss = Tensor::empty(context, {1});
    kernel.sum({.losses = losses.f32(),
                .nll = nll.f32(),
                .row_weights = row_weights.f32(),
                .rows = rows,
                .sums = result.sums.data<double>(),
                .loss = loss.f32()});
    result.predictions = std::move(predictions);
    record_loss("cross_entropy", logits, std::move(loss), std::move(dlogits), result.loss);
    return result;
}

}  // namespace heed
