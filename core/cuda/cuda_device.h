#pragma once

#include <memory>

#include "heed/core/device/device.h"

namespace heed {

/// The first CUDA card. All work of a process is in one order on it (see work_stream). Null in a program into which no
/// CUDA objects are linked. Throws UserError where there is no card, no driver that is new enough, or no code for the
/// card in this build.
[[gnu::weak]] std::unique_ptr<Device> make_cuda_device();

}  // namespace heed
