#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "heed/trainers/translations/translation_decoder.h"

namespace heed {

/// Where a translator looked in the source for each token of a translation: the weights of its cross-attention.
struct Alignment {
    std::string source, translation;
    std::vector<std::string> source_tokens;  ///< as their tokenizer writes them, the end included
    std::vector<std::string> target_tokens;  ///< that were made while looking, the end included
    int64_t layers = 0, heads = 0;
    /// A head each, of layer * heads + head: [target tokens, source tokens]. Rows have the sum 1, but where a type
    /// leaves a query without keys.
    std::vector<std::vector<float>> weights;

    /// The mean over the heads of a layer.
    std::vector<float> layer_mean(int64_t layer) const;
};

/// Runs the model over a source (as source_encode_options has it) and a translation, the way it is trained. The texts
/// are for the reader alone.
Alignment align_translation(Context& context, Translator& model, const TranslationTokenizers& tokenizers,
                            std::span<const int32_t> source, const TranslationText& translation,
                            const std::string& source_text);

}  // namespace heed
