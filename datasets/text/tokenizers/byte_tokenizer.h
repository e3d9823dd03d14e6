#pragma once

#include <memory>
#include <string_view>

#include "heed/datasets/text/tokenizers/tokenizer.h"

namespace heed {

/// 256 tokens, the bytes: the id of a byte is its value, every text comes back as it was, and no token is special.
/// `bytes` are those of serialized(): UserError where they are others than byte_tokenizer_bytes.
std::unique_ptr<Tokenizer> load_byte_tokenizer(std::string_view bytes);

inline constexpr std::string_view byte_tokenizer_bytes = "heed bytes\n";

}  // namespace heed
