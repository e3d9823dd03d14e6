#pragma once

#include "heed/datasets/images/sets/data_set.h"

namespace heed {

/// MNIST (LeCun, Cortes, Burges): handwritten digits, 60,000 for training and 10,000 for testing.
ImageDataSet mnist();

}  // namespace heed
