#pragma once

#include "heed/attention/conversion/attention_weights.h"

namespace heed {

/// Weights of another form, and whether a layer with them gives what the old one gave, to rounding, where each query
/// has a key and there is no dropout.
struct ConvertedWeights {
    AttentionWeights weights;
    bool exact = true;
};

/// The weights in another form, without data. Identities are put in for what the old form lacked. A matrix that the new
/// form lacks is folded into query (W_K) or output (W_V): as a whole with one head, with several by its diagonal
/// blocks, which is exact where it has no others; its bias goes (that of the key shifts all scores of a query by the
/// same) or moves into that of the output (that of the value). An alignment matrix that the new form lacks is dropped;
/// a new one has `keys` rows, n.
ConvertedWeights convert_weights(const AttentionWeights& old, const AttentionForm& form, int64_t keys = 0);

}  // namespace heed
