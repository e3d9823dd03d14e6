#pragma once

#include "heed/trainers/optimizers/optimizer_options.h"

namespace heed {

/// Stochastic gradient descent with momentum; weight decay is added to the gradient.
struct SgdOptions : OptimizerOptions {
    double momentum = 0.9;
    bool nesterov = false;

    SgdOptions() { lr = 0.05; }
    std::unique_ptr<Optimizer> make_optimizer(ParameterStore& store) const override;
    void describe(Fields& fields) override;
    void validate() const override;
};

}  // namespace heed
