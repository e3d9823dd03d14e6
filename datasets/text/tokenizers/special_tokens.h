#pragma once

#include <cstdint>

namespace heed {

/// Ids with a meaning of their own. These are the ids of a tokenizer that Heed has trained; one read from a file (a
/// SentencePiece model, a BERT vocabulary) has its own, so ask the tokenizer. A token that one lacks is -1.
struct SpecialTokens {
    int32_t pad = 0;      ///< fills a row up to the longest of its batch
    int32_t unknown = 1;  ///< stands for what the vocabulary lacks
    int32_t begin = 2;    ///< before the first token; of a BERT vocabulary [CLS]
    int32_t end = 3;      ///< after the last token; of a BERT vocabulary [SEP]

    /// What stands for something that is not told: unknown, or pad where a tokenizer lacks that.
    int32_t anything() const { return unknown >= 0 ? unknown : pad; }

    bool operator==(const SpecialTokens&) const = default;
};

}  // namespace heed
