#pragma once

#include "heed/core/kernels/activation_kernels.h"
#include "heed/core/module/module.h"

namespace heed {

/// y = x W^T + b. Parameters: weight [out, in] (as in PyTorch), bias [out].
class Linear : public Module {
public:
    /// Weights start Xavier-uniform, biases at zero.
    Linear(int64_t in, int64_t out, bool bias = true);

    Variable forward(const Variable& x);
    /// act(x W^T + b) in the fused form, of f32 or bf16.
    Variable forward(const Variable& x, Activation activation, DType result = DType::f32);

    int64_t in() const { return weight_.shape()[1]; }
    int64_t out() const { return weight_.shape()[0]; }

private:
    Variable bias();

    Parameter weight_;
    Parameter bias_;
    bool has_bias_;
};

}  // namespace heed
