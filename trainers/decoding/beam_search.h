#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "heed/datasets/text/tokenizers/special_tokens.h"
#include "heed/trainers/decoding/beam_search_options.h"
#include "heed/trainers/decoding/sentence_search.h"
#include "heed/trainers/decoding/step_model.h"

namespace heed {

/// Writes the likeliest sequences for a batch of source sentences, given by their lengths in tokens: for each at least
/// one and at most n_best hypotheses, best first.
///
/// At each step the `beam` best extensions of a sentence's live hypotheses are looked at: those that end are finished,
/// and the `beam` best that do not end live on. Equal ones are ordered by row, then token. A hypothesis of `n` tokens,
/// the end counted, scores log-probability / ((5 + n) / 6)^length_penalty (Wu et al., 2016). Where the longest allowed
/// length is reached only the end may follow, so that every hypothesis has one. Pad and begin are never written. A
/// sentence leaves the batch when it is done; it does not influence others.
///
/// Throws Error when the model gives NaN, a value above 0, a wrong number of values, or no possible continuation, and
/// when begin or end is no token of its vocabulary.
std::vector<std::vector<Hypothesis>> beam_search(StepModel& model, std::span<const int64_t> source_lengths,
                                                 const BeamSearchOptions& options, const SpecialTokens& special);

}  // namespace heed
