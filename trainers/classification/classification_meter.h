#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "heed/core/autograd/variable.h"
#include "heed/core/ranks/packing.h"
#include "heed/trainers/loop/evaluation.h"

namespace heed {

/// Sums up what a classifier says of a whole split.
class ClassificationMeter {
public:
    /// `samples` names them in errors: "images of the test split".
    ClassificationMeter(int64_t classes, std::string samples);

    /// Packs what `add` takes of a batch: logits [batch, classes], the true classes and the places of the samples in
    /// the split. Throws Error when a logit is not finite.
    void measure(const Variable& logits, std::span<const int32_t> labels, std::span<const int64_t> places,
                 Packer& packed) const;
    void add(Unpacker& packed);
    /// Both at once.
    void add(const Variable& logits, std::span<const int32_t> labels, std::span<const int64_t> places);

    /// Call it once, after the last batch. With more than ten classes there is a metric `top5`: the share of samples
    /// whose class is among the five most probable ones (of equals, the first).
    Evaluation finish();

private:
    std::string samples_;
    Evaluation result_;
    double loss_sum_ = 0.0;
    int64_t among_five_ = 0;  // samples whose class is one of the five most probable ones
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace heed
