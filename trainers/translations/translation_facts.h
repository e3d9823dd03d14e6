#pragma once

#include <cstdint>

#include "heed/datasets/text/encoded_texts.h"
#include "heed/layers/models/translator.h"
#include "heed/trainers/kinds/data_facts.h"

namespace heed {

/// How sentences have to be given to a translator, and what it gives back.
struct TranslationDataFacts final : DataFacts {
    static constexpr const char* kind_name = "translations";

    int64_t source_vocabulary = 0, target_vocabulary = 0;
    int64_t max_source_tokens = 0;     ///< of a sentence, the end included
    int64_t max_target_tokens = 0;     ///< of a translation, the end included
    bool joint = false;                ///< one tokenizer for both languages: source_tokenizer
    bool same_ids = false;             ///< two tokenizers, which give each token the same id
    StoredTokenizer source_tokenizer;  ///< of both languages where they have one
    StoredTokenizer target_tokenizer;

    /// Reads `details` back. Throws as TrainingKind::read_details.
    static std::unique_ptr<TranslationDataFacts> from_details(const std::string& json);

    const TrainingKind& kind() const override;
    std::string details() const override;
    std::vector<NamedTokenizer> tokenizers() const override;
    void set_tokenizer(const std::string& stored_name, std::string bytes) override;

    TranslationGeometry geometry() const;
    /// How sources and targets become tokens.
    EncodeOptions source_encode_options() const;
    EncodeOptions target_encode_options() const;
};

}  // namespace heed
