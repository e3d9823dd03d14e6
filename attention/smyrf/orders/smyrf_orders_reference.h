#pragma once

#include "heed/attention/smyrf/smyrf_kernels.h"

namespace heed::smyrf_device {

/// The shape with lengths that can be read.
SmyrfShape readable(SmyrfShape shape);

/// How the device `reference` finds who meets whom: SmyrfKernels::sort and SmyrfKernels::group.
void sort(const SmyrfSort& args);
void group(const SmyrfGroup& args);

}  // namespace heed::smyrf_device
