#include "heed/core/ops/losses/binary_cross_entropy.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/kernels/binary_cross_entropy_kernels.h"
#include "heed/core/ops/check.h"
#include "heed/core/ops/losses/record_loss.h"

namespace heed {

namespace {

/// Throws Error unless all targets, T their type, lie in [0, 1].
template <class T>
void check_binary_targets(const Tensor& targets) {
    T piece[256];
    for (int64_t begin = 0; begin < targets.elements(); begin += std::ssize(piece)) {
        const int64_t count = std::min<int64_t>(std::ssize(piece), targets.elements() - begin);
        targets.view(begin, {count}).copy_to_host(piece);
        for (int64_t i = 0; i < count; ++i) {
            if (piece[i] >= 0 && piece[i] <= 1) continue;
            throw Error("binary_cross_entropy: expected targets in [0, 1], got " + std::to_string(piece[i]) +
                        " at place " + std::to_string(begin + i));
        }
    }
}

}  // namespace

BinaryCrossEntropyResult binary_cross_entropy(const Variable& logits, const Tensor& targets, const Tensor& weights) {
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
    result.loss_sum = binary_cross_entropy_kernels(logits.value())
                          .forward({logits.value().f32(), bytes ? nullptr : targets.f32(),
                                    bytes ? targets.data<uint8_t>() : nullptr, records ? dlogits.f32() : nullptr,
                                    logits.value().elements(), weights.defined() ? weights.f32() : nullptr});
    record_loss("binary_cross_entropy", logits, result.loss_sum, std::move(dlogits), result.loss);
    return result;
}

}  // namespace heed
