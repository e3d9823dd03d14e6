#pragma once

#include <cuda_runtime.h>

#include <string>

#include "heed/core/error.h"

namespace heed::cuda {

/// Throws Error for a call that failed; `what` says what was to be done. What kernels did wrong before is told by the
/// next call that waits for them.
inline void check(cudaError_t result, const char* what) {
    if (result == cudaSuccess) return;
    cudaGetLastError();  // else the next call would tell of it once more
    throw Error(std::string("CUDA: ") + what + " failed: " + cudaGetErrorString(result) + " (" +
                std::to_string(static_cast<int>(result)) + ")");
}

}  // namespace heed::cuda
