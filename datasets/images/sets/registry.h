#pragma once

#include <string_view>
#include <vector>

#include "heed/datasets/images/sets/data_set.h"

namespace heed {

/// All image data sets, in the order in which they are shown.
const std::vector<ImageDataSet>& image_data_sets();

/// The data set of that name; UserError with the nearest name where there is none.
const ImageDataSet& image_data_set(std::string_view name);

}  // namespace heed
