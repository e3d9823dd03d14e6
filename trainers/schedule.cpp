#include "heed/trainers/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace heed {

Schedule::Schedule(const OptimizerOptions& options, int64_t total_steps, int64_t epoch_steps)
    : kind_(options.schedule == "constant" ? Kind::constant
            : options.schedule == "linear" ? Kind::linear
                                           : Kind::cosine),
      lr_(options.lr),
      min_lr_(options.min_lr),
      total_steps_(total_steps),
      warmup_steps_(options.warmup.in_steps(total_steps, static_cast<double>(epoch_steps))) {}

double Schedule::lr(int64_t step) const {
    if (step <= warmup_steps_) return lr_ * static_cast<double>(step) / static_cast<double>(warmup_steps_);
    if (kind_ == Kind::constant) return lr_;
    const double length = static_cast<double>(std::max<int64_t>(total_steps_ - warmup_steps_, 1));
    const double progress = std::min(1.0, static_cast<double>(step - warmup_steps_) / length);
    const double share = kind_ == Kind::linear ? 1.0 - progress : 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
    return min_lr_ + (lr_ - min_lr_) * share;
}

}  // namespace heed
