#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"
#include "heed/core/tensor/elements.h"

namespace heed {

/// Rotation of neighbouring pairs of columns, forward and, with the angles the other way round, backward.
struct Rotation {
    ConstElements x;      ///< [rows, width]
    Elements y;           ///< [rows, width], of the type of x; may be x
    const float* angles;  ///< [places, 2, head_dim]: rotary_angles
    /// The place of each row; null: first_place + (row modulo tokens).
    const int32_t* places;
    int64_t first_place;
    int64_t rows, tokens, width;
    int64_t heads, head_dim;  ///< columns from heads * head_dim on stay what they are; head_dim is even
    bool back;                ///< by the negative angles
};

struct RotaryKernels {
    void (*rotate)(const Rotation&);
};

HEED_KERNELS(RotaryKernels, rotary);

}  // namespace heed
