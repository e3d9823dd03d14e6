#pragma once

#include "heed/trainers/optimizers/optimizer_options.h"

namespace heed {

/// Adam with decoupled weight decay (arXiv 1711.05101).
struct AdamWOptions : OptimizerOptions {
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;

    AdamWOptions() { weight_decay = 0.05; }
    std::unique_ptr<Optimizer> make_optimizer(ParameterStore& store) const override;
    void describe(Fields& fields) override;
};

/// Adam (arXiv 1412.6980); weight decay is added to the gradient.
struct AdamOptions : AdamWOptions {
    AdamOptions() { weight_decay = 0; }
    std::unique_ptr<Optimizer> make_optimizer(ParameterStore& store) const override;
};

}  // namespace heed
