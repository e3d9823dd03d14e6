#pragma once

#include <vector>

#include "heed/core/cuda/cuda_device.h"

namespace heed::test {

/// The devices on which a test of what is above them runs: cpu, reference and, in a program into which it is linked
/// (// ctest: cuda), cuda.
inline std::vector<const char*> computing_devices() {
    std::vector<const char*> devices = {"cpu", "reference"};
    if (make_cuda_device) devices.emplace_back("cuda");
    return devices;
}

}  // namespace heed::test
