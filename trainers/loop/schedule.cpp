#include "heed/trainers/loop/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "heed/core/error.h"

namespace heed {

namespace {

/// From `from` to `to` along half a cosine; `progress` 0 to 1.
double along_cosine(double from, double to, double progress) {
    return to + (from - to) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
}

}  // namespace

Schedule::Kind Schedule::kind_of(const std::string& name) {
    if (name == "constant") return Kind::constant;
    if (name == "linear") return Kind::linear;
    if (name == "cosine") return Kind::cosine;
    if (name == "inverse_sqrt") return Kind::inverse_sqrt;
    if (name == "step") return Kind::step;
    if (name == "one_cycle") return Kind::one_cycle;
    throw Error("unknown schedule " + name);
}

Schedule::Schedule(const OptimizerOptions& options, int64_t total_steps, int64_t epoch_steps)
    : kind_(kind_of(options.schedule)),
      lr_(options.lr),
      min_lr_(options.min_lr),
      total_steps_(total_steps),
      warmup_steps_(options.warmup.in_steps(total_steps, static_cast<double>(epoch_steps))),
      step_every_(std::max<int64_t>(1, options.step_every.in_steps(total_steps, static_cast<double>(epoch_steps)))),
      step_factor_(options.step_factor) {}

double Schedule::lr(int64_t step) const {
    constexpr double one_cycle_start = 1.0 / 25.0;
    const auto at = static_cast<double>(step), warmup = static_cast<double>(warmup_steps_);
    if (step <= warmup_steps_) {
        if (kind_ != Kind::one_cycle) return lr_ * at / warmup;
        return step == warmup_steps_ ? lr_ : along_cosine(lr_ * one_cycle_start, lr_, (at - 1.0) / (warmup - 1.0));
    }
    const double length = static_cast<double>(std::max<int64_t>(total_steps_ - warmup_steps_, 1));
    const double progress = std::min(1.0, (at - warmup) / length);
    switch (kind_) {
        case Kind::constant:
            return lr_;
        case Kind::linear:
            return min_lr_ + (lr_ - min_lr_) * (1.0 - progress);
        case Kind::cosine:
        case Kind::one_cycle:
            return along_cosine(lr_, min_lr_, progress);
        case Kind::inverse_sqrt:
            return std::max(min_lr_, lr_ * std::sqrt(std::max(warmup, 1.0) / at));
        case Kind::step:
            return std::max(min_lr_, lr_ * std::pow(step_factor_, static_cast<double>((step - 1) / step_every_)));
    }
    return lr_;
}

double Schedule::greatest_lr() const {
    double greatest = 0.0;
    for (const int64_t step : {int64_t{1}, warmup_steps_, warmup_steps_ + 1}) {
        greatest = std::max(greatest, lr(std::clamp<int64_t>(step, 1, std::max<int64_t>(1, total_steps_))));
    }
    return greatest;
}

}  // namespace heed
