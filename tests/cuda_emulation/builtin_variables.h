#pragma once

#include "heed/tests/cuda_emulation/vector_types.h"

// Where a thread of a kernel is; set before it goes on.
inline constinit thread_local uint3 threadIdx{};
inline constinit thread_local uint3 blockIdx{};
inline constinit thread_local dim3 blockDim{};
inline constinit thread_local dim3 gridDim{};
inline constexpr int warpSize = 32;
