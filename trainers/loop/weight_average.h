#pragma once

#include <cstdint>
#include <vector>

#include "heed/core/module/parameter_store.h"

namespace heed {

/// A running average of the weights that are trained: after step t, average += (1 - m) (weights - average) with
/// m = min(decay_rate, (1 + t) / (10 + t)), so that the first steps are soon forgotten.
class WeightAverage {
public:
    WeightAverage(ParameterStore& store, double decay_rate);

    /// Begins with the weights as they are.
    void start();
    /// After optimizer step number `step`, from 1.
    void update(int64_t step);
    /// Exchanges the weights with their average.
    void swap();

    /// The average, one buffer a group laid out as the group is; of a frozen group its values.
    std::vector<Tensor>& buffers() { return buffers_; }

private:
    ParameterStore& store_;
    double decay_rate_;
    std::vector<Tensor> buffers_;
};

/// While it lives, the model has the averaged weights. Null stands for no average.
class AveragedWeights {
public:
    explicit AveragedWeights(WeightAverage* average) : average_(average) {
        if (average_) average_->swap();
    }
    ~AveragedWeights() {
        if (average_) average_->swap();
    }
    AveragedWeights(const AveragedWeights&) = delete;
    AveragedWeights& operator=(const AveragedWeights&) = delete;

private:
    WeightAverage* average_;
};

}  // namespace heed
