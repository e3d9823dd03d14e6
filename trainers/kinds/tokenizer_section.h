#pragma once

#include <cstdint>
#include <string>

#include "heed/datasets/text/tokenizers/tokenizer_options.h"
#include "heed/trainers/recipe/section_spec.h"

namespace heed {

/// The section of the recipe that says how texts are cut into tokens.
SectionSpec tokenizer_section();

/// Tokens of the tokenizer, or the most that a trained one has. Throws UserError where its file is none.
int64_t expected_vocabulary(const TokenizerOptions& options);

/// SampleCost::vocabulary: " with a vocabulary of 20000 tokens (fewer where the texts have fewer)".
std::string vocabulary_text(const std::string& what, int64_t tokens, bool is_limit);

}  // namespace heed
