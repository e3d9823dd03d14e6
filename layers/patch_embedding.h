#pragma once

#include "heed/core/module/linear.h"

namespace heed {

/// Cuts images into square patches and projects each: [batch, channels, height, width] -> [batch, patches, dim]. The
/// same as a convolution with stride = patch, a filter of the size window = patch + 2 * overlap and padding = overlap.
/// Parameters: weight [dim, channels * window * window], bias [dim].
class PatchEmbedding : public Module {
public:
    PatchEmbedding(int64_t channels, int64_t patch, int64_t overlap, int64_t dim);

    Variable forward(const Variable& images);
    int64_t multiplies(int64_t patches) const { return patches * projection_.in() * projection_.out(); }

private:
    int64_t patch_;
    int64_t overlap_;
    Linear projection_;
};

}  // namespace heed
