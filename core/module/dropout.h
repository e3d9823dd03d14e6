#pragma once

#include "heed/core/module/module.h"
#include "heed/core/ops/rows/residual.h"

namespace heed {

/// Dropout while training, nothing else otherwise. Has no parameters; its name keys its random numbers.
class Dropout : public Module {
public:
    explicit Dropout(double probability) : probability_(static_cast<float>(probability)) {}

    Variable forward(const Variable& x, const ForwardState& state) const;
    /// For ops that drop a residual branch themselves.
    BranchDropout branch(const ForwardState& state) const;

private:
    float probability_;
};

}  // namespace heed
