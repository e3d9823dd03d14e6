#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "heed/datasets/text/tokenizers/tokenizer.h"

namespace heed {

// Words as the Tokenizer of Keras finds them, with which its IMDB data were made: the text is lower-cased (if asked),
// each of !"#$%&()*+,-./:;<=>?@[\]^_`{|}~ becomes a blank (the apostrophe stays), and words are what stands between
// white space. It is more general than there in what ASCII lacks: accents are composed first (Unicode's NFC),
// punctuation (Unicode's categories P*) and white space of all scripts part words, lower-casing is Unicode's one-to-one
// mapping, and combining marks and symbols belong to words. Between two letters the printed apostrophe (U+2019, which
// becomes '), the middle dot (U+00B7) and Hebrew's geresh and gershayim stay. Decoding puts single blanks between
// words.

/// The most frequent words of the texts, in order of their frequency, then of their bytes. `vocabulary` counts the four
/// special tokens as well; it gets smaller where the texts hold fewer words. UserError where they hold none.
std::unique_ptr<Tokenizer> train_word_tokenizer(int64_t vocabulary, bool lower,
                                                std::span<const std::string_view> texts);

/// Reads a file with the bytes of one, as run folders have it. UserError where it is missing or damaged.
std::unique_ptr<Tokenizer> read_word_tokenizer(const std::filesystem::path& file);

/// Made again from its bytes: a line of heading, then a word a line.
std::unique_ptr<Tokenizer> load_word_tokenizer(std::string_view bytes);

}  // namespace heed
