#pragma once

#include "heed/attention/registry.h"

namespace heed {

struct ProbsparseOptions : AttentionOptions {
    int64_t factor = 5;

    void describe(Fields& fields) override;
};

/// ProbSparse attention (Zhou et al., *Informer: Beyond Efficient Transformer for Long Sequence Time-Series
/// Forecasting*, AAAI 2021, section 3.1), noncausal self-attention with the parameters of sdpa: of n queries of a head,
/// the factor ceil(ln n) whose distribution over the keys is the least even are given softmax attention over all keys,
/// and all others the mean of the values. Evenness is measured on as many sampled keys for each query (select_queries),
/// so that the work grows as n ln n. Ranking mixes queries: the output of a token depends on which other tokens there
/// are also through the selection, so that there are no causal patterns, and a small change of a token may change
/// another query from one form to the other. No gradient flows through the selection. Keys are sampled among real
/// tokens, the same for all samples and heads, again for each optimizer step of a training - the same for all its
/// micro-batches and ranks - and always the same ones outside of training. Dropout acts on the outputs of the heads.
std::unique_ptr<Attention> make_probsparse(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
