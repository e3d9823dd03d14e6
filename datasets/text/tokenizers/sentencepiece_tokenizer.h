#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "heed/datasets/text/tokenizers/tokenizer.h"

namespace heed {

struct TokenizerOptions;

// SentencePiece through its library. Special tokens that a model lacks (most lack padding) get ids behind its pieces.
// What Heed trains composes accents (Unicode's NFC), makes one blank of white space, takes control characters out, and
// lower-cases if asked; these rules are part of the model file, which any other SentencePiece program can use.

/// Trains a model of `options.vocabulary` pieces at most (fewer where the texts do not give as many). UserError where
/// it is too small for the characters of the texts.
std::unique_ptr<Tokenizer> train_sentencepiece_tokenizer(const TokenizerOptions& options,
                                                         std::span<const std::string_view> texts);

/// Reads a model file. UserError where it is missing or damaged.
std::unique_ptr<Tokenizer> read_sentencepiece_model(const std::filesystem::path& file);

/// Made again from the bytes of a model file.
std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(std::string_view bytes);

}  // namespace heed
