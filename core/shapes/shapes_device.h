#pragma once

#include <memory>

#include "heed/core/device/device.h"

namespace heed {

/// A device that computes nothing: a training step on it does to memory what it would do on the processor, in no time
/// and for any size. Its addresses cannot be read; what is copied from it is zeros.
std::unique_ptr<Device> make_shapes_device();

}  // namespace heed
