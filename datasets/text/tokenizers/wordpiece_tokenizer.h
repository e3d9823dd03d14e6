#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "heed/datasets/text/tokenizers/tokenizer.h"

namespace heed {

// WordPiece as BERT applies it: control characters go, white space becomes blanks, Chinese characters and punctuation
// stand alone, and (if `lower`) letters are lower-cased and lose their accents. Each word is then cut greedily into the
// longest pieces of the vocabulary; pieces inside of a word begin with ##. A word that cannot be cut, or has more than
// 100 characters, is [UNK]. Special ids are those of [PAD], [UNK], [CLS] and [SEP] in the vocabulary.

/// Reads a vocab.txt (a token a line), or a file with the bytes of a tokenizer, as run folders have it, whose heading
/// counts instead of `lower`. UserError where it is missing, damaged or lacks a special token.
std::unique_ptr<Tokenizer> read_wordpiece_vocabulary(const std::filesystem::path& file, bool lower);

/// The same of the lines of a vocab.txt; `where` stands for the file in errors.
std::unique_ptr<Tokenizer> make_wordpiece_tokenizer(std::string_view vocabulary, bool lower, const std::string& where);

/// Made again from its bytes: a line of heading, then the lines of vocab.txt.
std::unique_ptr<Tokenizer> load_wordpiece_tokenizer(std::string_view bytes);

}  // namespace heed
