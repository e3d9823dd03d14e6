#pragma once

#include "heed/trainers/optimizers/optimizer_options.h"

namespace heed {

/// RMSprop (Hinton, 2012), not centered; weight decay is added to the gradient.
struct RmsPropOptions : OptimizerOptions {
    double memory = 0.99;
    double epsilon = 1e-8;
    double momentum = 0;

    std::unique_ptr<Optimizer> make_optimizer(ParameterStore& store) const override;
    void describe(Fields& fields) override;
};

}  // namespace heed
