#include "heed/core/ops/losses/squared_error.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/squared_error_kernels.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/losses/record_loss.h"

namespace heed {

SquaredErrorResult squared_error(const Variable& predictions, const Tensor& targets, const Tensor& weights) {
    const OpScope scope(predictions.context(), "squared_error");
    check_dtype("squared_error", "targets", targets, DType::f32);
    check_shape("squared_error", "targets", targets.shape(), predictions.shape());
    if (weights.defined()) check_shape("squared_error", "weights", weights.shape(), predictions.shape());
    Context& context = predictions.context();
    const bool records = context.tape().records(predictions);
    Tensor gradient = records ? Tensor::empty(context, predictions.shape()) : Tensor();
    SquaredErrorResult result;
    result.loss_total = Tensor::empty(context, {1}, DType::f64);
    Tensor loss = Tensor::empty(context, {1});
    squared_error_kernels(predictions.value())
        .forward({.predictions = predictions.value().f32(),
                  .targets = targets.f32(),
                  .weights = weights.data_or_null<float>(),
                  .dpredictions = records ? gradient.f32() : nullptr,
                  .count = predictions.value().elements(),
                  .sum = result.loss_total.data<double>(),
                  .loss = loss.f32()});
    record_loss("squared_error", predictions, std::move(loss), std::move(gradient), result.loss);
    return result;
}

}  // namespace heed
