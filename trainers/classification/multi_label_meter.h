#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "heed/core/autograd/variable.h"
#include "heed/core/ranks/packing.h"
#include "heed/datasets/text/files/label_sets.h"
#include "heed/trainers/loop/evaluation.h"
#include "heed/trainers/metrics/classification.h"

namespace heed {

/// Sums up what a classifier that gives a sample any number of labels says of a whole split.
class MultiLabelMeter {
public:
    /// `samples` names them in errors: "texts of the test split".
    MultiLabelMeter(int64_t labels, std::string samples);

    /// Packs what `add` takes of a batch: logits [batch, labels], the true labels and the places of the samples in the
    /// split. Throws Error when a logit is not finite.
    void measure(const Variable& logits, const LabelSets& labels, std::span<const int64_t> places,
                 Packer& packed) const;
    void add(Unpacker& packed);
    /// Both at once.
    void add(const Variable& logits, const LabelSets& labels, std::span<const int64_t> places);

    /// Call it once, after the last batch.
    Evaluation finish();

private:
    int64_t labels_;
    std::string samples_;
    Evaluation result_;
    MultiLabelCounts counts_;
    double loss_sum_ = 0.0;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace heed
