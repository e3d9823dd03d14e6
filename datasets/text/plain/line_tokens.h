#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/text/encoded_texts.h"
#include "heed/datasets/text/tokenizers/tokenizer.h"

namespace heed {

/// The tokens of a text of many lines: its bytes, or else line by line with the tokenizer's end token for each end of a
/// line, as perplexities of WikiText are counted. Of a last line without an end there is none.
std::vector<int32_t> encode_lines(const Tokenizer& tokenizer, std::string_view text, EncodeReport& report);

/// The text of such tokens.
std::string decode_lines(const Tokenizer& tokenizer, std::span<const int32_t> ids);

}  // namespace heed
