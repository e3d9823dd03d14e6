#include "heed/core/module/linear.h"

#include "heed/core/ops/elementwise/activation.h"
#include "heed/core/ops/products/linear.h"

namespace heed {

Linear::Linear(int64_t in, int64_t out, bool bias)
    : weight_({out, in}, Initializer::xavier_uniform(), true),
      bias_({out}, Initializer::constant(0.0f), false),
      has_bias_(bias) {
    add("weight", weight_);
    if (has_bias_) add("bias", bias_);
}

Variable Linear::bias() {
    return has_bias_ ? bias_.variable() : Variable();
}

Variable Linear::forward(const Variable& x) {
    return linear(x, weight_.variable(), bias());
}

Variable Linear::forward(const Variable& x, Activation activation, DType result) {
    return linear_activation(x, weight_.variable(), bias(), activation, result);
}

}  // namespace heed
