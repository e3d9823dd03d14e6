#include "heed/layers/embedding.h"

#include "heed/core/ops/embedding.h"

namespace heed {

Embedding::Embedding(int64_t vocabulary, int64_t dim) : weight_({vocabulary, dim}, Initializer::normal(0.02f), false) {
    add("weight", weight_);
}

Variable Embedding::forward(const Tensor& ids) {
    return embedding(weight_.variable(), ids);
}

}  // namespace heed
