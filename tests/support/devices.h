#pragma once

#include <cstdlib>
#include <vector>

#include "heed/core/cuda/cuda_device.h"

namespace heed::test {

/// Whether the device cuda is linked into this test (// ctest: cuda) and has a turn: runs that ask for an instruction
/// set of the processor would only repeat what it computes.
inline bool cuda_is_tested() {
    return make_cuda_device && !std::getenv("HEED_ISA");
}

/// The devices on which a test of what is above them runs: cpu, reference and, where it has a turn, cuda.
inline std::vector<const char*> computing_devices() {
    std::vector<const char*> devices = {"cpu", "reference"};
    if (cuda_is_tested()) devices.emplace_back("cuda");
    return devices;
}

}  // namespace heed::test
