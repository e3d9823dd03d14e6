#include "heed/core/ops/losses/distillation.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/kernels/distillation_kernels.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/losses/record_loss.h"

namespace heed {

DistillationResult distillation(const Variable& logits, const Tensor& teacher, float temperature,
                                const Tensor& targets) {
    const OpScope scope(logits.context(), "distillation");
    check_rank("distillation", "logits", logits.shape(), 2);
    check_shape("distillation", "teacher", teacher.shape(), logits.shape());
    check_dtype("distillation", "teacher", teacher, DType::f32);
    const int64_t rows = logits.shape()[0], classes = logits.shape()[1];
    if (targets.defined()) check_shape("distillation", "targets", targets.shape(), {rows});
    if (!(temperature > 0.0f)) {
        throw Error("distillation: expected a temperature above 0, got " + std::to_string(temperature));
    }
    Context& context = logits.context();
    const bool records = context.tape().records(logits);
    Tensor dlogits = records ? Tensor::empty(context, logits.shape()) : Tensor();
    const Tensor losses = Tensor::empty(context, {rows});
    DistillationResult result;
    result.loss_total = Tensor::empty(context, {1}, DType::f64);
    Tensor loss = Tensor::empty(context, {1});
    distillation_kernels(losses).forward({.logits = logits.value().f32(),
                                          .teacher = teacher.f32(),
                                          .targets = targets.data_or_null<int32_t>(),
                                          .losses = losses.f32(),
                                          .dlogits = records ? dlogits.f32() : nullptr,
                                          .rows = rows,
                                          .classes = classes,
                                          .temperature = temperature,
                                          .sum = result.loss_total.data<double>(),
                                          .loss = loss.f32()});
    record_loss("distillation", logits, std::move(loss), std::move(dlogits), result.loss);
    return result;
}

}  // namespace heed
