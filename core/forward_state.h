#pragma once

#include <cstdint>

namespace heed {

class ForwardObserver;

/// What a forward pass needs to know besides its input: whether dropout is on, and where in the training it stands, so
/// that random numbers are a pure function of (seed, module, step, sample).
struct ForwardState {
    bool training = false;
    uint64_t seed = 0;
    /// Number of the optimizer step, from 0.
    uint32_t step = 0;
    /// Index, within the optimizer step's whole batch, of the first sample of this forward pass.
    uint32_t first_sample = 0;
    /// Sees the inside of the pass; null: nobody does.
    ForwardObserver* observer = nullptr;
};

}  // namespace heed
