#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "heed/core/cuda/check.cuh"

namespace heed::cuda {

/// The stream of all kernels, copies and memsets of this process.
cudaStream_t work_stream();

/// How many threads a kernel runs on. Blocks of 0 in any direction: nothing is launched.
struct Launch {
    dim3 blocks;
    dim3 threads;
    size_t shared_bytes = 0;  ///< of dynamic shared memory
};

inline constexpr int64_t most_blocks = 65535;  ///< in the directions y and z, and enough in x

/// Blocks for `items` of which each takes `per_block`, at most most_blocks: kernels go on in steps of the whole grid.
inline unsigned blocks_for(int64_t items, int64_t per_block) {
    return static_cast<unsigned>(std::min((items + per_block - 1) / per_block, most_blocks));
}

/// Launches a kernel. Errors name it as `name`.
template <class... Parameters, class... Arguments>
void launch(const char* name, const Launch& shape, void (*kernel)(Parameters...), Arguments&&... arguments) {
    if (shape.blocks.x == 0 || shape.blocks.y == 0 || shape.blocks.z == 0) return;
    constexpr size_t without_asking = 48 << 10;
    if (shape.shared_bytes > without_asking) {
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   static_cast<int>(shape.shared_bytes)),
              name);
    }
    cudaLaunchConfig_t config{};
    config.gridDim = shape.blocks;
    config.blockDim = shape.threads;
    config.dynamicSmemBytes = shape.shared_bytes;
    config.stream = work_stream();
    check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), name);
}

}  // namespace heed::cuda
