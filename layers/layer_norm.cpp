#include "heed/layers/layer_norm.h"

#include "heed/core/ops/rows/layer_norm.h"

namespace heed {

LayerNorm::LayerNorm(int64_t dim, double epsilon)
    : weight_({dim}, Initializer::constant(1.0f), false),
      bias_({dim}, Initializer::constant(0.0f), false),
      epsilon_(static_cast<float>(epsilon)) {
    add("weight", weight_);
    add("bias", bias_);
}

Variable LayerNorm::forward(const Variable& x) {
    return layer_norm(x, weight_.variable(), bias_.variable(), epsilon_);
}

ResidualLayerNorm LayerNorm::forward(const Variable& x, const Variable& branch, const BranchDropout& dropout,
                                     DType normed) {
    return residual_layer_norm(x, branch, weight_.variable(), bias_.variable(), epsilon_, dropout, normed);
}

}  // namespace heed
