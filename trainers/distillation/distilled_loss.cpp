#include "heed/trainers/distillation/distilled_loss.h"

#include <cmath>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/ops/elementwise/elementwise.h"
#include "heed/core/ops/losses/binary_cross_entropy.h"
#include "heed/core/ops/losses/squared_error.h"
#include "heed/core/ops/losses/totals.h"

namespace heed {

namespace {

/// `factor` times the part of the teacher.
void mix(MicroBatch& batch, const Variable& loss, const Tensor& loss_total, double factor, const Teacher& teacher) {
    const double own = 1.0 - teacher.weight(), rest = teacher.weight() * factor;
    batch.loss = add(scale(batch.loss, static_cast<float>(own)), scale(loss, static_cast<float>(rest)));
    const Tensor total = batch.totals.view(0, {1});
    Tensor labels_total = Tensor::zeros(total.context(), {1}, DType::f64);
    add_total(total, 1.0, labels_total);
    add_total(labels_total, own - 1.0, total);
    add_total(loss_total, rest, total);
}

}  // namespace

void follow_teacher(MicroBatch& batch, const Variable& logits, const Tensor& teacher_logits, const Teacher& teacher,
                    const Tensor& targets) {
    const DistillationResult result = distillation(logits, teacher_logits, teacher.temperature(), targets);
    mix(batch, result.loss, result.loss_total, 1.0, teacher);
}

void follow_teacher_on_labels(MicroBatch& batch, const Variable& logits, const Tensor& teacher_logits,
                              const Teacher& teacher) {
    const double temperature = static_cast<double>(teacher.temperature());
    std::vector<float> targets = teacher_logits.to_vector();
    for (float& target : targets) {
        target = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(target) / temperature)));
    }
    const BinaryCrossEntropyResult result = binary_cross_entropy(
        scale(logits, 1.0f / teacher.temperature()), Tensor::from_host(logits.context(), logits.shape(), targets));
    mix(batch, result.loss, result.loss_total, temperature * temperature / static_cast<double>(logits.shape()[1]),
        teacher);
}

void follow_teacher_on_values(MicroBatch& batch, const Variable& predictions, const Tensor& teacher_predictions,
                              const Teacher& teacher, const Tensor& weights) {
    const SquaredErrorResult result = squared_error(predictions, teacher_predictions, weights);
    mix(batch, result.loss, result.loss_total, 1.0, teacher);
}

}  // namespace heed
