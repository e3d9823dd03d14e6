#pragma once

#include "heed/attention/heads/scaled_dot_product.h"
#include "heed/core/autograd/variable.h"

namespace heed {

struct CosineFeatureInput {
    HeadColumns x;
    int64_t heads = 1;
    int64_t head_dim = 1;
    Tensor lengths = {};        ///< of real tokens, i32 [batch]; undefined: all
    int64_t other_tokens = 0;   ///< of the other sequence in cross-attention
    Tensor other_lengths = {};  ///< the same of that
};

/// cosFormer's features of token i = 1, 2, ...: [relu(x) sin(pi i / 2 M), relu(x) cos(pi i / 2 M)] for each head,
/// [batch, tokens, heads, 2 head_dim], with M the number of real tokens of the sample in this or the other sequence,
/// whichever is greater (Qin et al., ICLR 2022, section 3.3). NaN stays NaN. Saves x.
Variable cosine_features(const CosineFeatureInput& input);

}  // namespace heed
