#pragma once

#include <span>
#include <vector>

#include "heed/trainers/explanation/explained_sample.h"

// How relevant each unit of an input is for a prediction, by the attention of the model. All heads of a sample are
// given, in the order of ExplainedSample::heads; the results are one value a unit, of no common scale.

namespace heed {

/// Attention as it is: what the queries that are read (ExplainedInput::read_queries) give each unit, the mean over
/// these queries, the heads and the layers of the encoder; of translators that of the explained token's query in
/// cross-attention. The weights may be of any kind (effective attention has negative ones).
std::vector<double> raw_attention_relevance(const ExplainedInput& input, std::span<const HeadRecord> heads);

/// Weights times their gradient, where that is positive: the sum of max(0, A dL/dA), with L the log-probability of the
/// explained class, over all queries, heads and layers of encoder and cross-attention. It is what Chefer, Gur and Wolf
/// (ICCV 2021, equation 5) average over the heads; the gradient tells which queries matter, so that all are summed.
/// Needs gradients.
std::vector<double> gradient_attention_relevance(const ExplainedInput& input, std::span<const HeadRecord> heads);

/// Attention rollout (Abnar and Zuidema, ACL 2020, equation 1): the product of (A + 1) / 2 over the layers of the
/// encoder, A the mean over the heads, seen from the queries that are read. Of translators it begins at the explained
/// token's query; in each decoder layer half of what arrives goes to the source by cross-attention, and from there
/// through the encoder.
std::vector<double> rollout_relevance(const ExplainedInput& input, std::span<const HeadRecord> heads);

/// The same with 1 + mean over the heads of max(0, A dL/dA) in the place of (A + 1) / 2: R <- R + A' R of Chefer, Gur
/// and Wolf (ICCV 2021, equations 5 and 6), without the normalisation that they put between two modalities. Needs
/// gradients.
std::vector<double> gradient_rollout_relevance(const ExplainedInput& input, std::span<const HeadRecord> heads);

}  // namespace heed
