#include "heed/core/ops/losses/binary_cross_entropy.h"

#include <string>

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/error.h"
#include "heed/core/kernels/binary_cross_entropy_kernels.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/losses/record_loss.h"

namespace heed {

namespace {

/// Throws Error unless all targets, T their type, lie in [0, 1]; looks as check_indices does.
template <class T>
void check_binary_targets(const Tensor& targets) {
    if (!targets.context().device().shares_host_memory()) return;
    const T* values = targets.data<T>();
    for (int64_t i = 0; i < targets.elements(); ++i) {
        if (values[i] >= 0 && values[i] <= 1) continue;
        throw Error("binary_cross_entropy: expected targets in [0, 1], got " + std::to_string(values[i]) +
                    " at index " + std::to_string(i));
    }
}

}  // namespace

BinaryCrossEntropyResult binary_cross_entropy(const Variable& logits, const Tensor& targets, const Tensor& weights) {
    const OpScope scope(logits.context(), "binary_cross_entropy");
    check_rank("binary_cross_entropy", "logits", logits.shape(), 2);
    check_shape("binary_cross_entropy", "targets", targets.shape(), logits.shape());
    const bool bytes = targets.defined() && targets.dtype() == DType::u8;
    if (bytes) {
        check_binary_targets<uint8_t>(targets);
    } else {
        check_dtype("binary_cross_entropy", "targets", targets, DType::f32);
        check_binary_targets<float>(targets);
    }
    if (weights.defined()) check_shape("binary_cross_entropy", "weights", weights.shape(), logits.shape());
    Context& context = logits.context();
    const bool records = context.tape().records(logits);
    Tensor dlogits = records ? Tensor::empty(context, logits.shape()) : Tensor();
    BinaryCrossEntropyResult result;
    result.loss_total = Tensor::empty(context, {1}, DType::f64);
    Tensor loss = Tensor::empty(context, {1});
    binary_cross_entropy_kernels(logits.value())
        .forward({.logits = logits.value().f32(),
                  .targets = bytes ? nullptr : targets.f32(),
                  .byte_targets = bytes ? targets.data<uint8_t>() : nullptr,
                  .dlogits = records ? dlogits.f32() : nullptr,
                  .count = logits.value().elements(),
                  .weights = weights.data_or_null<float>(),
                  .sum = result.loss_total.data<double>(),
                  .loss = loss.f32()});
    record_loss("binary_cross_entropy", logits, std::move(loss), std::move(dlogits), result.loss);
    return result;
}

}  // namespace heed
