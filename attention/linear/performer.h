#pragma once

#include "heed/attention/registry.h"

namespace heed {

struct PerformerOptions : AttentionOptions {
    int64_t features = 16;

    void describe(Fields& fields) override;
};

/// Performer (Choromanski et al., *Rethinking Attention with Performers*, ICLR 2021): sdpa whose e^(q.k / sqrt(r)) is
/// estimated by the product of positive random features (FAVOR+, lemma 1), with the parameters of sdpa and work that
/// grows with tokens * features. With x' = x / r^(1/4) and random directions w_c,
///
///     H_t = sum_c e^(w_c.q'_t) sum_j e^(w_c.k'_j - |k'_j|^2 / 2) v_j / sum_c e^(w_c.q'_t) sum_j e^(w_c.k'_j - |k'_j|^2
///     / 2)
///
/// (what depends on the query alone cancels). Features are kept as logarithms and summed relative to the greatest
/// logarithm so far of their own feature, sample and head: nothing overflows or has to be added to a sum, and in the
/// causal patterns nothing is known of later tokens. Directions are drawn from the name of the layer alone: they are
/// the same in every step of a training and afterwards, whatever the seed. Dropout acts on the outputs of the heads.
std::unique_ptr<Attention> make_performer(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
