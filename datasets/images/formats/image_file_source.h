#pragma once

#include <memory>

#include "heed/datasets/images/formats/image_folder_scan.h"
#include "heed/datasets/images/image_source.h"

namespace heed {

/// Image files as a source: decoded, and resized to `shape`, at each call. With `keeps`, images that were read whole
/// are kept in memory (`shape.pixels()` bytes each); crops always come from the file.
std::shared_ptr<const ImageSource> image_file_source(ImageFolderFiles files, const ImageShape& shape, bool keeps,
                                                     int64_t reading_threads);

}  // namespace heed
