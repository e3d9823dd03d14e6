#include "heed/layers/embedding.h"

#include "heed/core/ops/products/linear.h"
#include "heed/core/ops/tokens/embedding.h"

namespace heed {

Embedding::Embedding(int64_t vocabulary, int64_t dim, double deviation)
    : weight_({vocabulary, dim}, Initializer::normal(static_cast<float>(deviation)), false) {
    add("weight", weight_);
}

Variable Embedding::forward(const Tensor& ids, float scale) {
    return embedding(weight_.variable(), ids, scale);
}

Variable Embedding::products(const Variable& x, const Variable& bias) {
    return linear(x, weight_.variable(), bias);
}

}  // namespace heed
