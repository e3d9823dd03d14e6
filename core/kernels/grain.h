#pragma once

// For *.isa.cpp files.

#include "heed/core/simd/vector.h"

namespace heed::HEED_ISA {

/// Elements of one chunk of a parallel loop: enough that handing the chunk to a thread costs nothing beside them.
inline constexpr int64_t chunk_elements = 16384;

/// Rows (or other items) of `elements` elements each that make up one chunk; at least 1.
HEED_SIMD int64_t chunk_rows(int64_t elements) {
    return elements < chunk_elements ? chunk_elements / (elements + 1) + 1 : 1;
}

}  // namespace heed::HEED_ISA
