#pragma once

#include <cstdint>
#include <span>

#include "heed/core/tensor/tensor.h"

namespace heed {

/// What an attention layer keeps of the tokens so far while sequences are made token by token. Row b of it belongs to
/// row b of what Attention::step is given.
class AttentionCache {
public:
    virtual ~AttentionCache() = default;

    /// From now on row b continues what row rows[b] was: rows may be repeated or left out, and their number may change.
    virtual void reorder(std::span<const int32_t> rows) = 0;
};

/// What a sequence that is made token by token starts with.
struct DecodingStart {
    int64_t batch = 0;  ///< rows
    /// Tokens for which memory is taken at once; it grows where there are more.
    int64_t expected_tokens = 0;
    Tensor source = {};          ///< [batch, source tokens, dim] in cross-attention
    Tensor source_lengths = {};  ///< of real source tokens, i32 [batch]; undefined: all are real
};

}  // namespace heed
