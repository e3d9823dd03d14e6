#include "heed/core/ops/losses/smooth_l1.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/kernels/smooth_l1_kernels.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/losses/record_loss.h"

namespace heed {

SmoothL1Result smooth_l1(const Variable& predictions, const Tensor& targets, float beta, const Tensor& weights) {
    const OpScope scope(predictions.context(), "smooth_l1");
    check_dtype("smooth_l1", "targets", targets, DType::f32);
    check_shape("smooth_l1", "targets", targets.shape(), predictions.shape());
    if (weights.defined()) check_shape("smooth_l1", "weights", weights.shape(), predictions.shape());
    if (!(beta >= 0)) throw Error("smooth_l1: expected a beta from 0 on, got " + std::to_string(beta));
    Context& context = predictions.context();
    const bool records = context.tape().records(predictions);
    Tensor gradient = records ? Tensor::empty(context, predictions.shape()) : Tensor();
    SmoothL1Result result;
    result.loss_total = Tensor::empty(context, {1}, DType::f64);
    Tensor loss = Tensor::empty(context, {1});
    smooth_l1_kernels(predictions.value())
        .forward({.predictions = predictions.value().f32(),
                  .targets = targets.f32(),
                  .weights = weights.data_or_null<float>(),
                  .beta = beta,
                  .dpredictions = records ? gradient.f32() : nullptr,
                  .count = predictions.value().elements(),
                  .sum = result.loss_total.data<double>(),
                  .loss = loss.f32()});
    record_loss("smooth_l1", predictions, std::move(loss), std::move(gradient), result.loss);
    return result;
}

}  // namespace heed
