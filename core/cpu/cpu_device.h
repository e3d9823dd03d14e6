#pragma once

#include <memory>

#include "heed/core/device/device.h"

namespace heed {

/// The processor: oneDNN for matrix products, kernels chosen for its instruction set.
std::unique_ptr<Device> make_cpu_device();

}  // namespace heed
