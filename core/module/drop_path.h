#pragma once

#include "heed/core/module/module.h"

namespace heed {

/// Stochastic depth of a residual branch while training, nothing else otherwise. Has no parameters; its name keys its
/// random numbers.
class DropPath : public Module {
public:
    explicit DropPath(double probability) : probability_(static_cast<float>(probability)) {}

    /// The branch [batch, ...], which some samples then do not have.
    Variable forward(const Variable& branch, const ForwardState& state) const;

private:
    float probability_;
};

}  // namespace heed
