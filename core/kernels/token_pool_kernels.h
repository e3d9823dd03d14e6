#pragma once

#include <cstdint>

#include "heed/core/kernels/kernel_table.h"

namespace heed {

enum class TokenPool {
    first,   ///< the token at position 0
    mean,    ///< the mean of the first lengths[b] tokens
    max,     ///< the largest value of each feature among the first lengths[b] tokens; NaN wins
    second,  ///< the token at position 1
};

/// Where the token stands that is taken alone; -1 where several are pooled.
constexpr int64_t single_token(TokenPool kind) {
    return kind == TokenPool::first ? 0 : kind == TokenPool::second ? 1 : -1;
}

struct TokenPoolForward {
    const float* x;          ///< [batch, tokens, dim]
    const int32_t* lengths;  ///< [batch], each in [0, tokens], or null: all tokens; not used by first and second
    float* out;              ///< [batch, dim]; zeros where the length is 0
    int32_t* winners;        ///< [batch, dim], kept by max for backward: the lowest position of the maximum, or -1
    TokenPool kind;
    int64_t batch;
    int64_t tokens;
    int64_t dim;
};

struct TokenPoolBackward {
    const float* dout;       ///< [batch, dim]
    const int32_t* lengths;  ///< as in forward
    const int32_t* winners;  ///< from forward, read by max alone
    float* dx;               ///< [batch, tokens, dim], written whole
    TokenPool kind;
    int64_t batch;
    int64_t tokens;
    int64_t dim;
};

struct TokenPoolKernels {
    void (*forward)(const TokenPoolForward&);
    void (*backward)(const TokenPoolBackward&);
};

HEED_KERNELS(TokenPoolKernels, token_pool);

}  // namespace heed
