#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

/// Arguments of putting a class token in front of x and adding positions. With L = tokens + (class_token ? 1 : 0):
/// out[b, 0] = class_token + positions[0] and out[b, 1 + n] = x[b, n] + positions[1 + n];
/// without a class token out[b, n] = x[b, n] + positions[n].
struct TokenAssemblyForward {
    const float* x;            ///< [batch, tokens, dim]
    const float* class_token;  ///< [dim], or null
    const float* positions;    ///< [L, dim], or null
    float* out;                ///< [batch, L, dim]
    int64_t batch;
    int64_t tokens;
    int64_t dim;
};

struct TokenAssemblyBackward {
    const float* dout;          ///< [batch, L, dim]
    float* dx;                  ///< [batch, tokens, dim], or null
    float* dclass_token;        ///< [dim], or null
    float* dpositions;          ///< [L, dim], or null
    bool has_class_token;       ///< whether L is tokens + 1
    bool accumulate_class;      ///< add to dclass_token instead of overwriting it
    bool accumulate_positions;  ///< add to dpositions instead of overwriting it
    int64_t batch;
    int64_t tokens;
    int64_t dim;
};

struct TokenAssemblyKernels {
    void (*forward)(const TokenAssemblyForward&);
    void (*backward)(const TokenAssemblyBackward&);
};

HEED_KERNELS(TokenAssemblyKernels, token_assembly);

}  // namespace heed
