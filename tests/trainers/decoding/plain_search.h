#pragma once

#include "heed/tests/trainers/decoding/table_model.h"
#include "heed/trainers/decoding/beam_search.h"

namespace heed::test {

/// Every sequence that may be written for a sentence, best first.
std::vector<Hypothesis> every_hypothesis(const Table& table, int64_t sentence, int64_t source_length,
                                         const BeamSearchOptions& options, const SpecialTokens& special);

/// Beam search as it is defined, in a few lines: all extensions are listed and sorted, nothing is cut short.
std::vector<Hypothesis> plain_beam_search(const Table& table, int64_t sentence, int64_t source_length,
                                          const BeamSearchOptions& options, const SpecialTokens& special);

}  // namespace heed::test
