#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/core/module/parameter_store.h"
#include "heed/trainers/loop/task.h"

namespace heed {

struct WatchedValue {
    std::string name;  ///< as in the `watch` lines of metrics.jsonl
    double value = 0.0;
};

/// Measures every few steps how far a step moves the weights and how attention spreads. Training does not notice: the
/// bits of weights, gradients and random numbers are the same without it.
class TrainingWatch {
public:
    /// Measures the steps that `every` divides; 0: none. `attention_weights` is how many numbers the weights of one
    /// sample in one layer are.
    TrainingWatch(Task& task, const ParameterStore& store, int64_t attention_weights, int64_t every);

    /// Before step number `step`, counted from 1: keeps a copy of the weights when that step is measured.
    void before_step(int64_t step);

    /// After the step; empty when it is not measured. `update_ratio` is |change| / |weights before| over all weights
    /// that are trained, `update_ratio.decay` and `update_ratio.no_decay` (with `.lr_scale_<factor>` where there is
    /// one) over one parameter group. `attention_entropy.<layer>` is the mean over heads and queries in nats, and
    /// `covered_mass.<layer>`, where a type leaves pairs out, the share of the dense softmax on those it computes (mean
    /// over heads and queries): of samples() samples of the last micro-batch, with the weights after the step, as in
    /// evaluation. Layers of a
    /// decoder are named `decoder.<layer>` and `cross.<layer>`; texts and sentence pairs are measured one by one,
    /// without padding.
    std::vector<WatchedValue> after_step(int64_t step);

    /// Samples whose attention is measured: fewer for long sequences; 0 when one sample's weights are too many.
    int64_t samples() const { return samples_; }

private:
    bool measures(int64_t step) const { return every_ > 0 && step % every_ == 0; }
    void add_update_ratios(std::vector<WatchedValue>& values) const;

    Task& task_;
    const ParameterStore& store_;
    int64_t every_;
    int64_t samples_;
    std::vector<std::vector<float>> before_;  ///< weights of each group; empty for frozen groups
};

}  // namespace heed
