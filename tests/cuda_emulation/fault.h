#pragma once

#include <stdexcept>

namespace cuda_emulation {

/// A kernel or a call of the runtime did what a card does not allow.
struct Fault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace cuda_emulation
