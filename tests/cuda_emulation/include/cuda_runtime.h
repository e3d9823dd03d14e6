#pragma once

// What device sources include as <cuda_runtime.h> when the tests compile them for the processor.

#include "heed/tests/cuda_emulation/builtin_variables.h"
#include "heed/tests/cuda_emulation/device_functions.h"
#include "heed/tests/cuda_emulation/runtime_api.h"
#include "heed/tests/cuda_emulation/vector_types.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

#define HEED_SHARED(Type, name, count) \
    static char name##_site;           \
    Type* const name = cuda_emulation::shared_array<Type>(&name##_site, count)
#define HEED_DYNAMIC_SHARED(Type, name) \
    Type* const name = static_cast<Type*>(cuda_emulation::Block::current().dynamic_shared_memory())
