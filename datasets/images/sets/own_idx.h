#pragma once

#include "heed/datasets/images/sets/data_set.h"

namespace heed {

/// Own images in the four idx files of MNIST: any size, up to 256 classes (`data.classes`).
ImageDataSet own_idx();

}  // namespace heed
