#include "heed/layers/patch_embedding.h"

#include "heed/core/ops/tokens/image.h"

namespace heed {

PatchEmbedding::PatchEmbedding(int64_t channels, int64_t patch, int64_t overlap, int64_t dim)
    : patch_(patch), overlap_(overlap), projection_(channels * (patch + 2 * overlap) * (patch + 2 * overlap), dim) {
    add("projection", projection_);
}

Variable PatchEmbedding::forward(const Variable& images) {
    return projection_.forward(to_patches(images, patch_, overlap_));
}

}  // namespace heed
