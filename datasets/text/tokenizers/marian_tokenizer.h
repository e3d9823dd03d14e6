#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "heed/datasets/text/tokenizers/tokenizer.h"

namespace heed {

// As MarianMT models have it: SentencePiece cuts a text into pieces, and a list of its own gives each piece its id, so
// that two languages with a model each can share one vocabulary. </s> ends texts; <pad> begins translations as well as
// it fills rows. A text that begins with >>code<<, where that is a token, begins with that token. Unknown tokens are
// left out of decoded texts.

/// The bytes that load_marian_tokenizer takes: a heading, the tokens in the order of their ids, the SentencePiece
/// model. UserError where a token is empty, has a line end or comes twice, or </s>, <unk> or <pad> is missing; `where`
/// names the origin.
std::string marian_tokenizer_bytes(std::span<const std::string> tokens, std::string_view sentencepiece,
                                   const std::string& where);

/// The parts that such bytes were made of.
struct MarianTokenizerParts {
    std::vector<std::string> tokens;
    std::string_view sentencepiece;
};
MarianTokenizerParts marian_tokenizer_parts(std::string_view bytes, const std::string& where);

/// Reads a file of such bytes. UserError where it is missing or damaged.
std::unique_ptr<Tokenizer> read_marian_tokenizer(const std::filesystem::path& file);

std::unique_ptr<Tokenizer> load_marian_tokenizer(std::string_view bytes, const std::string& where);

}  // namespace heed
