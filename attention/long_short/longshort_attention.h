#pragma once

#include <memory>

#include "heed/attention/registry.h"

namespace heed {

struct LongShortOptions : AttentionOptions {
    int64_t window = 64;
    int64_t landmarks = 16;
    int64_t chunk = 32;
    int64_t rank = 1;

    void describe(Fields& fields) override;
};

/// Long-short attention (Zhu, Ping, Xiao, Shoeybi, Goldstein, Anandkumar, Catanzaro, *Long-Short Transformer: Efficient
/// Transformers for Language and Vision*, NeurIPS 2021): one softmax over the keys of a window and over a few
/// summaries of all tokens. Summaries are dynamic projections (equation 3), P_i = softmax over tokens of X W_i^P, keys
/// P_i^T K_i, values P_i^T V_i for head i, and keys and values of the window and of the summaries have a layer
/// normalisation each (DualLN, equation 5), over all heads, that keys and values share.
/// Noncausal self-attention: `landmarks` summaries of the real tokens; the window of a query is its block of `window`
/// tokens and half a window on either side. Causal self-attention (equation 4): `rank` summaries of each chunk of
/// `chunk` tokens; a query meets the tokens of its block up to itself, those of the block before, and the summaries of
/// the whole chunks before these; nothing stands in for chunks that there are not. Without the relative position
/// terms of the paper's language models.
std::unique_ptr<Attention> make_longshort(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
