#pragma once

#include <cuda_runtime.h>

// Memory that the threads of a block share. The emulation of the tests brings its own macros, so that kernels declare
// it through them:
//   HEED_SHARED(float, tile, 256);          // float tile[256]
//   HEED_DYNAMIC_SHARED(float, rows);       // as many bytes as the launch asked for, aligned to 16
#ifndef HEED_SHARED
#define HEED_SHARED(Type, name, count) __shared__ Type name[count]
#define HEED_DYNAMIC_SHARED(Type, name)                                 \
    extern __shared__ __align__(16) unsigned char heed_dynamic_bytes[]; \
    Type* const name = reinterpret_cast<Type*>(heed_dynamic_bytes)
#endif
