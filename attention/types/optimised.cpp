#include "heed/attention/types/optimised.h"

#include "heed/attention/types/multi_head.h"

namespace heed {

std::unique_ptr<Attention> make_optimised(const AttentionGeometry& geometry, const AttentionOptions& options) {
    return std::make_unique<DenseAttention>(geometry, options,
                                            MultiHeadAttention::Projected{.key = true, .value = false});
}

}  // namespace heed
