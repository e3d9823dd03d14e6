#pragma once

#include <cstdint>

#include "heed/attention/heads/head_view.h"
#include "heed/core/kernels/kernel_table.h"

// The kernels of attention types in which some queries of a head stand for all.

namespace heed {

/// Which queries of a head have a sharp distribution over the keys, by the scores of some sampled keys (Informer's
/// measurement of sparsity): greatest sampled score - sum of the sampled scores / n, of the n real tokens. The
/// min(n, most, factor ceil(ln n)), at least one, with the greatest measurement are selected; of equal ones the first,
/// and NaN counts as the greatest. As many keys are sampled for each query: key words[i, s] n / 2^32 is the s-th of
/// query i.
struct QuerySelection {
    int64_t batch, heads, tokens, head_dim;
    int64_t factor;
    int64_t most;            ///< columns of words and of selected
    const int32_t* lengths;  ///< [batch] or null: all tokens are real
    const int32_t* words;    ///< [tokens, most], random bits
    ConstHeadView query, key;
    int32_t* selected;  ///< [batch, heads, most]: numbers of queries; -1 behind the last
    float* workspace;   ///< SelectionKernels::workspace(...) floats
};

/// y[b, s, h] = x[b, selected[b, h, s], h]; zeros where that is -1. Backward adds dy to dx.
struct SelectedRows {
    int64_t batch, heads, head_dim, tokens, most;
    const int32_t* selected;
    ConstHeadView x;  ///< [batch, tokens, heads, head_dim]
    HeadView y;       ///< [batch, most, heads, head_dim]
    ConstHeadView dy;
    HeadView dx;
};

/// y[b, t, h] = x[b, s, h] where t is selected[b, h, s], else mean[b, h]. Backward: d_x and d_mean are overwritten.
struct PlacedRows {
    int64_t batch, heads, head_dim, tokens, most;
    const int32_t* selected;
    ConstHeadView x;     ///< [batch, most, heads, head_dim]
    ConstHeadView mean;  ///< [batch, 1, heads, head_dim]
    HeadView y;          ///< [batch, tokens, heads, head_dim]
    ConstHeadView dy;
    HeadView dx;
    HeadView d_mean;
};

struct SelectionKernels {
    void (*select)(const QuerySelection&);
    void (*take)(const SelectedRows&);
    void (*take_backward)(const SelectedRows&);
    void (*place)(const PlacedRows&);
    void (*place_backward)(const PlacedRows&);
    /// Floats of scratch memory of select.
    int64_t (*workspace)(const QuerySelection&);
};

HEED_KERNELS(SelectionKernels, selection);

}  // namespace heed
