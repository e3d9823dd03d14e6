#pragma once

#include "heed/datasets/images/sets/data_set.h"

namespace heed {

/// Own PNG and JPEG images, one subfolder a class: ROOT/train/CLASS/* with ROOT/test/CLASS/* (or ROOT/val/CLASS/*), or
/// ROOT/CLASS/*, of which about a share (`data.test`) is kept for testing, chosen by content. With both `val` and
/// `test`, `val` validates and `data.validation` has no effect.
ImageDataSet image_folder();

}  // namespace heed
