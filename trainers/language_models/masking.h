#pragma once

#include <cstdint>
#include <span>

#include "heed/core/random/random.h"

namespace heed {

/// How many of `length` tokens are hidden: 15 %, rounded, at least one of some.
int64_t masked_tokens(int64_t length);

/// Hides tokens as BERT does (Devlin et al., NAACL 2019, section 3.1): of the first `length` of `ids` it chooses
/// masked_tokens(length) at random; of these about 80 % become `mask_token`, 10 % any token (0 .. mask_token - 1), and
/// 10 % stay. `outputs`, as long as `ids`, gets the token of each chosen place, and -1 elsewhere. Returns how many were
/// chosen.
int64_t mask_window(std::span<int32_t> ids, int64_t length, int32_t mask_token, RandomSequence& random,
                    std::span<int32_t> outputs);

}  // namespace heed
