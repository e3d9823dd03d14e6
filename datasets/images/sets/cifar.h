#pragma once

#include "heed/datasets/images/sets/data_set.h"

namespace heed {

/// CIFAR-10 (Krizhevsky, 2009): photographs of ten kinds of things, 50,000 for training and 10,000 for testing.
ImageDataSet cifar10();

/// CIFAR-100: the same sizes, 100 classes in 20 groups.
ImageDataSet cifar100();

}  // namespace heed
