#pragma once

#include <memory>

#include "heed/attention/cache.h"
#include "heed/attention/linear/feature_attention.h"

namespace heed {

/// What linear attention keeps of the tokens so far: the sums of each row, as many numbers whatever the length.
struct FeatureCache final : AttentionCache {
    Tensor state;
    int64_t tokens = 0;  ///< so far, in causal self-attention

    void reorder(std::span<const int32_t> rows) override;
};

/// The columns of no token.
HeadColumns no_tokens(const HeadColumns& columns);

}  // namespace heed
