#pragma once

#include <memory>

#include "heed/core/device/device.h"

namespace heed {

/// A second device of plain loops. Its addresses cannot be read directly, so that code which takes its memory for the
/// CPU's faults at once: what runs here leans on nothing but the device interface.
std::unique_ptr<Device> make_reference_device();

}  // namespace heed
