#include "heed/attention/types/efficient.h"

#include "heed/attention/types/multi_head.h"

namespace heed {

std::unique_ptr<Attention> make_efficient(const AttentionGeometry& geometry, const AttentionOptions& options) {
    return std::make_unique<DenseAttention>(geometry, options,
                                            MultiHeadAttention::Projected{.key = false, .value = false});
}

}  // namespace heed
