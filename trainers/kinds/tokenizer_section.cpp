#include "heed/trainers/kinds/tokenizer_section.h"

#include <fmt/format.h>

namespace heed {

SectionSpec tokenizer_section() {
    return untyped_section<TokenizerOptions>("tokenizer", "How texts are cut into tokens.");
}

int64_t expected_vocabulary(const TokenizerOptions& options) {
    return options.is_trained() ? options.vocabulary : train_tokenizer(options, {})->vocabulary_size();
}

std::string vocabulary_text(const std::string& what, int64_t tokens, bool is_limit) {
    return fmt::format(" with {} of {} tokens{}", what, tokens, is_limit ? " (fewer where the texts have fewer)" : "");
}

}  // namespace heed
