#pragma once

#include <cstdint>

#include "heed/layers/models/language_model.h"
#include "heed/trainers/kinds/data_facts.h"

namespace heed {

/// How texts have to be given to a language model.
struct LanguageDataFacts final : DataFacts {
    static constexpr const char* kind_name = "plain texts";

    int64_t vocabulary = 0;
    int64_t context = 0;  ///< tokens of a training window
    StoredTokenizer tokenizer;

    /// Reads `details` back. Throws as TrainingKind::read_details.
    static std::unique_ptr<LanguageDataFacts> from_details(const std::string& json);

    const TrainingKind& kind() const override;
    std::string details() const override;
    std::vector<NamedTokenizer> tokenizers() const override { return {{"tokenizer", &tokenizer}}; }
    void set_tokenizer(const std::string&, std::string bytes) override { tokenizer.bytes = std::move(bytes); }
};

}  // namespace heed
