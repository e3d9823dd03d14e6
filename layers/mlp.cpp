#include "heed/layers/mlp.h"

#include "heed/core/device/context.h"

namespace heed {

Mlp::Mlp(int64_t dim, int64_t hidden, Activation activation)
    : activation_(activation), fc1_(dim, hidden), fc2_(hidden, dim) {
    add("fc1", fc1_);
    add("fc2", fc2_);
}

Variable Mlp::forward(const Variable& x) {
    return fc2_.forward(fc1_.forward(x, activation_, x.context().device().activation_dtype()));
}

}  // namespace heed
