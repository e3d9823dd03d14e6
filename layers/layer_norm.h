#pragma once

#include "heed/core/module/module.h"
#include "heed/core/ops/rows/residual.h"

namespace heed {

/// Layer normalisation over the last axis. Parameters: weight [dim] (gain, starts at 1), bias [dim] (starts at 0).
class LayerNorm : public Module {
public:
    static constexpr double default_epsilon = 1e-5;

    /// `epsilon` is added to the variance.
    explicit LayerNorm(int64_t dim, double epsilon = default_epsilon);

    Variable forward(const Variable& x);
    /// x + dropout(branch) and its normalisation, of f32 or bf16, in one pass.
    ResidualLayerNorm forward(const Variable& x, const Variable& branch, const BranchDropout& dropout,
                              DType normed = DType::f32);

private:
    Parameter weight_;
    Parameter bias_;
    float epsilon_;
};

}  // namespace heed
