#pragma once

#include <cstdint>

#include "heed/trainers/recipe/optimizer_options.h"

namespace heed {

/// The learning rate of each step: a linear rise from 0 over the warm-up, then constant, a straight line or half a
/// cosine down to min_lr at the last step. It is a pure function of the step and the length of the whole training: a
/// run that is resumed with more epochs follows, from then on, the schedule of the longer training.
class Schedule {
public:
    /// `total_steps` of the whole training, `epoch_steps` of one epoch (for a warm-up given in epochs).
    Schedule(const OptimizerOptions& options, int64_t total_steps, int64_t epoch_steps);

    /// Learning rate of step `step`, counted from 1. The warm-up of w steps has lr * step / w.
    double lr(int64_t step) const;

    int64_t warmup_steps() const { return warmup_steps_; }

private:
    enum class Kind { constant, linear, cosine };

    Kind kind_;
    double lr_;
    double min_lr_;
    int64_t total_steps_;
    int64_t warmup_steps_;
};

}  // namespace heed
