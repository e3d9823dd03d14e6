#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/ranks/communicator.h"
#include "heed/datasets/text/encoded_texts.h"
#include "heed/layers/models/translator.h"
#include "heed/trainers/decoding/beam_search_options.h"
#include "heed/trainers/translations/translation_facts.h"

namespace heed {

/// One translation of a sentence.
struct TranslationText {
    std::string text;
    double log_probability = 0.0;  ///< of all tokens and the end
    double score = 0.0;            ///< log-probability with length normalisation
    std::vector<int32_t> ids;      ///< of its tokens, without the end

    int64_t tokens() const { return std::ssize(ids) + 1; }  ///< the end included
};

/// The tokenizers of a translator.
struct TranslationTokenizers {
    std::unique_ptr<Tokenizer> source, target;

    /// Throws UserError where they are damaged or do not fit the model.
    explicit TranslationTokenizers(const TranslationDataFacts& facts);
};

/// Translates sentences with a beam search, many of similar length at a time.
class TranslationDecoder {
public:
    /// No hypothesis is longer than the model can be given. All arguments must outlive it.
    TranslationDecoder(Context& context, Translator& model, const TranslationTokenizers& tokenizers,
                       const BeamSearchOptions& options);

    /// For each source (as TranslationDataFacts::source_encode_options has it) its best translations, best first. What
    /// one is translated to does not depend on the others but for rounding.
    std::vector<std::vector<TranslationText>> translate(const EncodedTexts& sources);

    /// The text of the best translation of each source, which these ranks share.
    std::vector<std::string> translate_shared(const EncodedTexts& sources, Communicator& ranks);

private:
    std::vector<std::vector<TranslationText>> translate_batch(const EncodedTexts& sources,
                                                              std::span<const int64_t> places);

    Context& context_;
    Translator& model_;
    const TranslationTokenizers& tokenizers_;
    BeamSearchOptions options_;
};

}  // namespace heed
