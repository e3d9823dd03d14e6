#pragma once

#include <memory>
#include <vector>

#include "heed/datasets/images/image_source.h"

namespace heed {

/// The images of `source` resized to squares of `size` pixels (shorter side first, then the middle).
std::shared_ptr<const ImageSource> resized_images(std::shared_ptr<const ImageSource> source, int64_t size);

/// The images of `source` at `indices`, in that order.
std::shared_ptr<const ImageSource> selected_images(std::shared_ptr<const ImageSource> source,
                                                   std::vector<int64_t> indices);

}  // namespace heed
