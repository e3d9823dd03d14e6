#pragma once

#include <string>
#include <vector>

#include "heed/trainers/hugging_face/architecture.h"

namespace heed {

/// The WordPiece tokenizer of a folder of Hugging Face's.
struct WordpieceFiles {
    std::string vocabulary;  ///< the lines of vocab.txt
    std::string bytes;       ///< as load_tokenizer takes it
    int64_t size = 0;        ///< tokens
    bool lower = true;
};

/// Reads vocab.txt, or else tokenizer.json, and what tokenizer_config.json says of it. Throws UserError where there is
/// none, or one that works in another way than Heed's.
WordpieceFiles read_wordpiece_files(const std::string& folder);

/// vocab.txt and tokenizer_config.json of a tokenizer that was serialized. Throws UserError where it is none of
/// WordPiece.
std::vector<NamedFile> wordpiece_files(const StoredTokenizer& tokenizer, int64_t max_tokens);

}  // namespace heed
