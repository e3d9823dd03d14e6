#pragma once

#include <algorithm>
#include <cstdint>

#include "heed/core/tensor/tensor.h"

namespace heed {

/// Rows of tokens that grow together: what a cache for decoding keeps. Memory grows by doubling.
class TokenBuffer {
public:
    /// Without tokens, with memory for `expected_tokens`. Where `most` is not 0 only the last `most` tokens are kept,
    /// of which a new one takes the place of the oldest.
    TokenBuffer(Context& context, int64_t rows, int64_t width, int64_t expected_tokens, int64_t most = 0);

    /// Adds columns first_column .. first_column + width of x [rows, tokens, columns].
    void append(const Tensor& x, int64_t first_column = 0);
    /// Adds a token of each row, whose values the caller then writes: element offset + row * stride of values() is the
    /// first of that row.
    struct Room {
        int64_t offset;
        int64_t stride;
    };
    Room append_unwritten();
    /// Row b becomes what row index[b] was; `index` is i32 [any number of rows].
    void reorder(const Tensor& index);

    int64_t rows() const { return values_.shape()[0]; }
    /// So far, those that are not kept among them.
    int64_t tokens() const { return tokens_; }
    int64_t kept() const { return std::min(tokens_, most_); }
    /// [rows, capacity, width]; what stands from kept() on has no meaning.
    const Tensor& values() const { return values_; }

private:
    int64_t place(int64_t token) const { return token % most_; }
    void make_room(int64_t tokens);
    void copy_to(const Tensor& other, const Tensor& index);

    Tensor values_;
    int64_t most_;
    int64_t tokens_ = 0;
};

/// tokens for each row, as AttentionMask::key_lengths wants it: i32 [rows].
Tensor equal_lengths(Context& context, int64_t rows, int64_t tokens);

}  // namespace heed
