#pragma once

#include <vector>

#include "heed/core/autograd/variable.h"
#include "heed/datasets/text/files/label_sets.h"
#include "heed/trainers/loop/task.h"

namespace heed {

/// What a classifier of texts is trained to say.
struct LabelLossOptions {
    bool several_labels = false;  ///< a text has any number of classes, or none; else exactly one
    /// Share of the target that is spread over all classes; of several labels, by which each goes towards 1/2.
    double label_smoothing = 0;
    /// By which a text of a class counts more, or, of several labels, a text that has the label; empty: all are 1.
    std::vector<float> class_weights = {};
};

/// The loss of a batch, for backward, and totals of a MicroBatch; a text is correct when all its labels are right.
struct LabelLoss {
    Variable loss;
    Tensor totals;
};

/// Of logits [texts, classes] and the labels of these texts: cross-entropy where each has one; of several labels the
/// mean over the labels of their binary cross-entropies.
LabelLoss label_loss(const Variable& logits, const LabelSets& labels, const LabelLossOptions& options);

/// 1 where a sample has a class, else 0, [samples, classes].
std::vector<uint8_t> label_matrix(const LabelSets& labels, int64_t classes);

/// Whether a label is given to a text for this logit: its probability is above 1/2.
inline bool gives_label(float logit) {
    return logit > 0.0f;
}

}  // namespace heed
