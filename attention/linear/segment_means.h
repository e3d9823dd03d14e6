#pragma once

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/core/autograd/variable.h"

namespace heed {

struct SegmentMeans {
    HeadColumns x;
    int64_t heads = 1;
    int64_t head_dim = 1;
    int64_t segments = 1;
    Tensor lengths = {};  ///< of real tokens, i32 [batch]; undefined: all
};

/// The mean of each of some segments of the real tokens of a sample, [batch, heads, segments, head_dim]: of n tokens,
/// segment c is tokens floor(c n / segments) to ceil((c + 1) n / segments) - 1. So they overlap by at most one token,
/// and none is empty, also where there are fewer tokens than segments; without tokens the means are 0. Saves nothing.
Variable segment_means(const SegmentMeans& means);

}  // namespace heed
