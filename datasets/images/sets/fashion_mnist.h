#pragma once

#include "heed/datasets/images/sets/data_set.h"

namespace heed {

/// Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): articles of clothing, 60,000 images for training and 10,000 for testing.
ImageDataSet fashion_mnist();

}  // namespace heed
