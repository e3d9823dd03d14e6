#pragma once

#include <memory>

#include "heed/attention/registry.h"

namespace heed {

/// No settings: there is nothing that a bias or dropout could be for.
struct NoneOptions : AttentionOptions {
    void describe(Fields& fields) override;
};

/// No attention, the yardstick for what attention is worth (the "benefit of attention" of CAB, Zhang et al., ICML
/// 2023): the output is 0 everywhere, so that the residual passes by and each token goes through the network alone. No
/// parameters, no multiplications, no gradient, in every pattern.
std::unique_ptr<Attention> make_none(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
