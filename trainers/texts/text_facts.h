#pragma once

#include <cstdint>

#include "heed/datasets/text/encoded_texts.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/trainers/kinds/data_facts.h"

namespace heed {

/// How texts have to be given to a classifier.
struct TextDataFacts final : DataFacts {
    static constexpr const char* kind_name = "labelled texts";

    int64_t vocabulary = 0;
    int64_t max_tokens = 0;  ///< of a text
    std::string truncate;    ///< which end of a longer text is kept: "head" or "tail"
    bool several_labels = false;
    bool special_tokens = false;  ///< begin and end token around each text
    StoredTokenizer tokenizer;

    /// Reads `details` back. Throws as TrainingKind::read_details.
    static std::unique_ptr<TextDataFacts> from_details(const std::string& json);

    const TrainingKind& kind() const override;
    std::string details() const override;
    std::vector<NamedTokenizer> tokenizers() const override { return {{"tokenizer", &tokenizer}}; }
    void set_tokenizer(const std::string&, std::string bytes) override { tokenizer.bytes = std::move(bytes); }

    TextGeometry geometry() const;
    /// How the texts become tokens.
    EncodeOptions encode_options() const;
};

}  // namespace heed
