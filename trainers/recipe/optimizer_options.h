#pragma once

#include "heed/core/settings/fields.h"

namespace heed {

/// What all optimizers have: the learning rate, its schedule, and weight decay.
struct OptimizerOptions : Options {
    double lr = 1e-3;
    double weight_decay = 0;
    std::vector<std::string> no_decay;
    std::string schedule = "cosine";
    Span warmup = Span::percent(5);
    double min_lr = 0;
    Span step_every = Span::percent(30);
    double step_factor = 0.1;
    std::vector<std::string> lr_scale;

    void describe(Fields& fields) override;
    void validate() const override;
};

/// Adam with decoupled weight decay (arXiv 1711.05101).
struct AdamWOptions : OptimizerOptions {
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;

    AdamWOptions() { weight_decay = 0.05; }
    void describe(Fields& fields) override;
};

/// Adam (arXiv 1412.6980); weight decay is added to the gradient.
struct AdamOptions : AdamWOptions {
    AdamOptions() { weight_decay = 0; }
};

/// RMSprop (Hinton, 2012), not centered; weight decay is added to the gradient.
struct RmsPropOptions : OptimizerOptions {
    double memory = 0.99;
    double epsilon = 1e-8;
    double momentum = 0;

    void describe(Fields& fields) override;
};

/// Stochastic gradient descent with momentum; weight decay is added to the gradient.
struct SgdOptions : OptimizerOptions {
    double momentum = 0.9;
    bool nesterov = false;

    SgdOptions() { lr = 0.05; }
    void describe(Fields& fields) override;
    void validate() const override;
};

}  // namespace heed
