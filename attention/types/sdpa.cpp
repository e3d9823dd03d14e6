#include "heed/attention/types/sdpa.h"

#include "heed/attention/types/multi_head.h"

namespace heed {

std::unique_ptr<Attention> make_sdpa(const AttentionGeometry& geometry, const AttentionOptions& options) {
    return std::make_unique<DenseAttention>(geometry, options,
                                            MultiHeadAttention::Projected{.key = true, .value = true});
}

}  // namespace heed
