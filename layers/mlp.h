#pragma once

#include "heed/core/module/linear.h"

namespace heed {

/// Two linear layers with an activation between them: fc2(act(fc1(x))), dim -> hidden -> dim. x may be of bf16, as what
/// lies between the layers is in the precision bf16; the result is of f32.
class Mlp : public Module {
public:
    Mlp(int64_t dim, int64_t hidden, Activation activation);

    Variable forward(const Variable& x);
    /// Multiply-adds for one sequence of `tokens` tokens.
    int64_t multiplies(int64_t tokens) const { return 2 * tokens * fc1_.in() * fc1_.out(); }

private:
    Activation activation_;
    Linear fc1_;
    Linear fc2_;
};

}  // namespace heed
