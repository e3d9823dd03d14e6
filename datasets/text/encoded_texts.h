#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "heed/datasets/text/tokenizers/tokenizer.h"

namespace heed {

/// Token ids of many texts in one piece of memory.
class EncodedTexts {
public:
    void add(std::span<const int32_t> ids);

    int64_t size() const { return static_cast<int64_t>(ends_.size()); }
    int64_t tokens() const { return static_cast<int64_t>(ids_.size()); }
    std::span<const int32_t> ids(int64_t index) const;
    int64_t length(int64_t index) const { return static_cast<int64_t>(ids(index).size()); }
    std::vector<int32_t> lengths() const;

private:
    std::vector<int32_t> ids_;
    std::vector<int64_t> ends_;
};

/// How texts become tokens.
struct EncodeOptions {
    int64_t length = 0;      ///< most tokens, special ones included; 0: any
    bool keep_tail = false;  ///< of a longer text the last tokens are kept, not the first
    bool begin = false;      ///< put the tokenizer's begin token before each text
    bool end = false;        ///< put its end token behind
};

/// What happened to them.
struct EncodeReport {
    int64_t texts = 0;
    int64_t tokens = 0;   ///< without special tokens, before anything was cut
    int64_t unknown = 0;  ///< of these
    int64_t cut = 0;      ///< texts longer than the limit
    int64_t empty = 0;    ///< texts in which the tokenizer finds nothing: one unknown token stands for them
};

/// The ids of a text; never none, so that no row of a batch is empty.
std::vector<int32_t> encode_text(const Tokenizer& tokenizer, std::string_view text, const EncodeOptions& options,
                                 EncodeReport& report);

EncodedTexts encode_texts(const Tokenizer& tokenizer, std::span<const std::string_view> texts,
                          const EncodeOptions& options, EncodeReport& report);

/// Sentence pairs as tokens.
struct EncodedPairs {
    EncodedTexts sources;
    EncodedTexts targets;
    std::vector<int64_t> indices;  ///< positions of the pairs that were kept
    int64_t skipped = 0;           ///< pairs with a side that is too long
    EncodeReport source_report;
    EncodeReport target_report;

    /// What belongs to the pairs that were kept, out of one value for each pair.
    std::vector<float> kept(std::span<const float> values) const;
};

/// Which side of a pair may not be longer than its limit.
struct SkipLong {
    bool sources = false, targets = false;
};

/// Encodes pairs. Pairs of which a side that `skip_long` names is longer than its limit are left out and counted; other
/// sides are cut. Error where there are not as many sources as targets.
EncodedPairs encode_pairs(const Tokenizer& source_tokenizer, const Tokenizer& target_tokenizer,
                          std::span<const std::string_view> sources, std::span<const std::string_view> targets,
                          const EncodeOptions& source_options, const EncodeOptions& target_options, SkipLong skip_long);

/// Token ids of the samples of a batch, [rows, columns] by rows, padded on the right.
struct TokenMatrix {
    std::vector<int32_t> ids;
    std::vector<int32_t> lengths;  ///< [rows], without padding
    int64_t rows = 0;
    int64_t columns = 0;  ///< length of the longest row, or more where it was asked for
};

/// Fills `matrix` (whose memory is used again) with these samples. `skip_front` and `skip_back` tokens of each are left
/// out: of targets with begin and end token, skip_back 1 gives the decoder's input and skip_front 1 what it has to say.
/// The matrix has at least `least_columns` columns: parts of a batch that have to be as wide as the whole.
void fill_tokens(TokenMatrix& matrix, const EncodedTexts& texts, std::span<const int64_t> samples, int32_t pad,
                 int64_t skip_front = 0, int64_t skip_back = 0, int64_t least_columns = 0);

}  // namespace heed
