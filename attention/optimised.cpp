#include "heed/attention/optimised.h"

#include "heed/attention/multi_head.h"

namespace heed {

std::unique_ptr<Attention> make_optimised(const AttentionGeometry& geometry, const AttentionOptions& options) {
    return std::make_unique<MultiHeadAttention>(geometry, options,
                                                MultiHeadAttention::Kernels{.key = true, .value = false});
}

}  // namespace heed
