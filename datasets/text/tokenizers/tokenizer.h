#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heed/datasets/text/tokenizers/special_tokens.h"

namespace heed {

/// Turns text into token ids and back. Never changes after it was made; may be used by several threads at once.
class Tokenizer {
public:
    virtual ~Tokenizer() = default;

    /// Ids of a text, without special tokens (unknown excepted). UserError where the text is not valid UTF-8 or holds a
    /// NUL byte, which only a byte-level tokenizer takes.
    std::vector<int32_t> encode(std::string_view text) const;

    /// The text of these ids. Pad, begin and end are left out. Error where an id is not of this vocabulary.
    std::string decode(std::span<const int32_t> ids) const;

    /// One token as it is shown to people ("▁casa", "##ing"). Error where the id is not of this vocabulary.
    virtual std::string token(int32_t id) const = 0;

    /// Ids are 0 .. vocabulary_size() - 1.
    virtual int64_t vocabulary_size() const = 0;
    virtual SpecialTokens special() const = 0;
    /// Whether every sequence of bytes is a text and every id a byte of it, so that no id is special: that of `pad` is
    /// then a byte like others, and the other special tokens are -1.
    virtual bool is_byte_level() const { return false; }

    /// The name under which load_tokenizer knows this kind: word, sentencepiece, wordpiece, marian or byte.
    virtual std::string kind() const = 0;

    /// All bytes that load_tokenizer needs to make it again.
    virtual std::string serialized() const = 0;

private:
    virtual std::vector<int32_t> encode_valid(std::string_view text) const = 0;
    virtual std::string decode_plain(std::span<const int32_t> ids) const = 0;
};

/// The tokenizer whose `kind()` and `serialized()` these are. UserError where the bytes are not of that kind or
/// damaged.
std::unique_ptr<Tokenizer> load_tokenizer(std::string_view kind, std::string_view bytes);

}  // namespace heed
