#pragma once

#include <memory>

#include "heed/attention/registry.h"

namespace heed {

struct NystromformerOptions : AttentionOptions {
    int64_t landmarks = 16;
    int64_t convolution = 0;  ///< tokens that a kernel covers, odd; 0: none

    void describe(Fields& fields) override;
    void validate() const override;
};

/// Nystromformer (Xiong et al., AAAI 2021, equations 13 and 14), noncausal self-attention with the parameters of sdpa
/// and work that grows with tokens * landmarks:
///
///     F = softmax(Q K~^T / sqrt(r)), A = softmax(Q~ K~^T / sqrt(r)), B = softmax(Q~ K^T / sqrt(r)), H = F A^+ (B V)
///
/// with the means Q~ and K~ of queries and keys over `landmarks` segments of the real tokens of each sample, and A^+ as
/// pseudo_inverse finds it. A sample with no more tokens than landmarks gets softmax attention, as the limit is.
/// Dropout acts on F. With `convolution`, each head adds its values convolved over the tokens (the paper's depthwise
/// convolution), whatever the length, by a kernel of its own: heads * convolution more parameters.
std::unique_ptr<Attention> make_nystromformer(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
