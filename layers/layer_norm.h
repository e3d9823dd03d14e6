#pragma once

#include "heed/core/module/module.h"
#include "heed/core/ops/rows/residual.h"

namespace heed {

/// Layer normalisation over the last axis. Parameters: weight [dim] (gain, starts at 1), bias [dim] (starts at 0).
class LayerNorm : public Module {
public:
    static constexpr float epsilon = 1e-5f;

    explicit LayerNorm(int64_t dim);

    Variable forward(const Variable& x);
    /// x + dropout(branch) and its normalisation, in one pass.
    ResidualLayerNorm forward(const Variable& x, const Variable& branch, const BranchDropout& dropout);

private:
    Parameter weight_;
    Parameter bias_;
};

}  // namespace heed
