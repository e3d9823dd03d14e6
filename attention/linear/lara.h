#pragma once

#include "heed/attention/registry.h"

namespace heed {

struct LaraOptions : AttentionOptions {
    int64_t landmarks = 16;

    void describe(Fields& fields) override;
};

/// LARA, linear randomised attention (Zheng, Wang, Kong, *Linear Complexity Randomized Self-attention Mechanism*, ICML
/// 2022), noncausal self-attention with the parameters of sdpa and work linear in the tokens: e^(q.k / sqrt(r)) is the
/// mean of xi(q, w) xi(k, w), xi(x, w) = e^(w.x' - |x'|^2 / 2) with x' = x / r^(1/4), over normally distributed w, and
/// is estimated by one draw w_c from each of several proposals N(mu_c, 1), weighted for each query (multiple importance
/// sampling, section 3.2). mu_c is the sum of the mean q' and the mean k' of segment c of the real tokens (landmarks):
///
///     H_t = sum_c p_tc s_c,   s_c = sum_j xi(k_j, w_c) v_j / sum_j xi(k_j, w_c)
///     p_tc in proportion to e^(mu_c.q'_t) xi(q_t, w_c) N(w_c; 0, 1) / N(w_c; mu_c, 1) sum_j xi(k_j, w_c)
///
/// In training w_c is drawn again for each optimizer step - the same for all its micro-batches, ranks and samples but
/// for their means - and outside of training w_c = mu_c. Sums are relative to the greatest logarithm of their own
/// proposal, sample and head. Dropout acts on the outputs of the heads.
std::unique_ptr<Attention> make_lara(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
