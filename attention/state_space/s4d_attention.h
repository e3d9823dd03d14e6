#pragma once

#include <memory>
#include <string>

#include "heed/attention/registry.h"

namespace heed {

struct S4dOptions : AttentionOptions {
    int64_t state = 16;
    std::string frequencies = "inverse";
    bool bidirectional = true;

    void describe(Fields& fields) override;
    void validate() const override;
};

/// S4D (Gu, Gupta, Goel, Re, *On the Parameterization and Initialization of Diagonal State Space Models*, NeurIPS 2022)
/// in the place of attention: each channel of the input goes through a state space of its own with state / 2 complex
/// modes (with their conjugates a state of `state` numbers), x' = A x + u, y = 2 Re(C x) + D u, A diagonal, by
/// zero-order hold (equations 2 and 3), then GELU and an output projection, as in the paper's section 3.5. The real
/// part of A is -exp of a parameter and starts at -0.5, the imaginary parts as S4D-Inv or S4D-Lin (equations 9 and 10);
/// steps start evenly spread in their logarithm over [0.001, 0.1]. In causal self-attention the kernel reaches
/// backwards; in noncausal self-attention, where `bidirectional`, there is a second C for the tokens behind. Heads have
/// no part in it, and there are no weights. Step, A and D have no weight decay.
std::unique_ptr<Attention> make_s4d(const AttentionGeometry& geometry, const AttentionOptions& options);

}  // namespace heed
