#pragma once

#include <cstdint>
#include <vector>

#include "heed/core/random/random.h"

namespace heed {

/// Directions [heads, features, head_dim] along which random features look: each is distributed as a standard normal
/// vector, and of a head every head_dim neighbouring ones are orthogonal to each other, which makes the estimate of the
/// kernel vary less (Choromanski et al., ICLR 2021, section 2.4).
std::vector<float> orthogonal_directions(RandomKey key, int64_t heads, int64_t features, int64_t head_dim);

}  // namespace heed
