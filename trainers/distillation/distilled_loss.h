#pragma once

#include "heed/trainers/distillation/teacher.h"
#include "heed/trainers/loop/task.h"

namespace heed {

/// Mixes the divergence from a teacher's answers into the loss of a micro-batch and its total: (1 - w) of that of the
/// labels and w of this. `logits` [rows, classes] are those that the loss was made of, `teacher_logits` the teacher's
/// on the same rows; rows with a target of -1 (`targets` undefined: none) are left out.
void follow_teacher(MicroBatch& batch, const Variable& logits, const Tensor& teacher_logits, const Teacher& teacher,
                    const Tensor& targets = Tensor());

/// The same where a sample has any number of labels: each logit is a question of its own, and the divergence the mean
/// over them of the binary cross-entropies.
void follow_teacher_on_labels(MicroBatch& batch, const Variable& logits, const Tensor& teacher_logits,
                              const Teacher& teacher);

/// The same where the answers are numbers: the squared errors against the teacher's, each times its weight.
void follow_teacher_on_values(MicroBatch& batch, const Variable& predictions, const Tensor& teacher_predictions,
                              const Teacher& teacher, const Tensor& weights);

}  // namespace heed
