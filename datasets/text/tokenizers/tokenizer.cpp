#include "heed/datasets/text/tokenizers/tokenizer.h"

#include <fmt/core.h>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/tokenizers/byte_tokenizer.h"
#include "heed/datasets/text/tokenizers/marian_tokenizer.h"
#include "heed/datasets/text/tokenizers/sentencepiece_tokenizer.h"
#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/datasets/text/tokenizers/utf8.h"
#include "heed/datasets/text/tokenizers/word_tokenizer.h"
#include "heed/datasets/text/tokenizers/wordpiece_tokenizer.h"

namespace heed {

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
    if (is_byte_level()) return encode_valid(text);
    if (const std::string problem = text_problem(text); !problem.empty()) {
        throw UserError(fmt::format("expected UTF-8 text, found {} of {}", problem, quote(text.substr(0, 40))));
    }
    return encode_valid(text);
}

std::string Tokenizer::decode(std::span<const int32_t> ids) const {
    const SpecialTokens special = this->special();
    std::vector<int32_t> plain;
    plain.reserve(ids.size());
    for (const int32_t id : ids) {
        if (id < 0 || id >= vocabulary_size()) {
            throw Error(fmt::format("token id {} is not in the vocabulary of {} tokens", id, vocabulary_size()));
        }
        if (is_byte_level() || (id != special.pad && id != special.begin && id != special.end)) plain.push_back(id);
    }
    return decode_plain(plain);
}

std::unique_ptr<Tokenizer> load_tokenizer(std::string_view kind, std::string_view bytes) {
    if (kind == "word") return load_word_tokenizer(bytes);
    if (kind == "sentencepiece") return load_sentencepiece_tokenizer(bytes);
    if (kind == "wordpiece") return load_wordpiece_tokenizer(bytes);
    if (kind == "marian") return load_marian_tokenizer(bytes, "the bytes of a tokenizer");
    if (kind == "byte") return load_byte_tokenizer(bytes);
    const std::vector<std::string> kinds = tokenizer_kinds();
    throw UserError(fmt::format("expected a tokenizer of the kind {}, got {}{}", listed(kinds, " or "), quote(kind),
                                did_you_mean(kind, kinds)));
}

}  // namespace heed
