#pragma once

#include <cstdint>
#include <string>

#include "heed/trainers/optimizers/optimizer_options.h"

namespace heed {

/// The learning rate of each step: a linear rise from 0 over the warm-up, then constant, a straight line or half a
/// cosine down to min_lr at the last step, or falling with the root of the step (inverse_sqrt: lr * sqrt(w / step) with
/// a warm-up of w steps), or by a factor at every step_every steps, counted from the first (step). one_cycle is
/// PyTorch's OneCycleLR: half a cosine from lr / 25 at step 1 up to lr at step w, another down to min_lr. It is a pure
/// function of the step and the length of the whole training: a run that is resumed with more epochs follows, from then
/// on, the schedule of the longer training.
class Schedule {
public:
    /// `total_steps` of the whole training, `epoch_steps` of one epoch (for a warm-up given in epochs).
    Schedule(const OptimizerOptions& options, int64_t total_steps, int64_t epoch_steps);

    /// Learning rate of step `step`, counted from 1. The warm-up of w steps has lr * step / w.
    double lr(int64_t step) const;

    /// The greatest of all steps: at the end of the warm-up or right after it, or at the last step of a shorter
    /// training.
    double greatest_lr() const;

    int64_t warmup_steps() const { return warmup_steps_; }

private:
    enum class Kind { constant, linear, cosine, inverse_sqrt, step, one_cycle };

    static Kind kind_of(const std::string& name);

    Kind kind_;
    double lr_;
    double min_lr_;
    int64_t total_steps_;
    int64_t warmup_steps_;
    int64_t step_every_;
    double step_factor_;
};

}  // namespace heed
