#include "heed/layers/patch_embedding.h"

#include "heed/core/ops/image.h"

namespace heed {

PatchEmbedding::PatchEmbedding(int64_t channels, int64_t patch, int64_t dim)
    : patch_(patch), projection_(channels * patch * patch, dim) {
    add("projection", projection_);
}

Variable PatchEmbedding::forward(const Variable& images) {
    return projection_.forward(to_patches(images, patch_));
}

}  // namespace heed
