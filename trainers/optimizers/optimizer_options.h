#pragma once

#include <memory>

#include "heed/core/settings/fields.h"
#include "heed/trainers/optimizers/optimizer.h"

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

    /// The optimizer of these settings, for the parameters of `store`, which must outlive it.
    virtual std::unique_ptr<Optimizer> make_optimizer(ParameterStore& store) const = 0;

    void describe(Fields& fields) override;
    void validate() const override;
};

constexpr double greatest_decay_rate = 0.999999999;  ///< the greatest decay rate of an average

}  // namespace heed
