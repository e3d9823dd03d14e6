#pragma once

namespace cuda_emulation {

/// What the emulated machine has; a test may change it.
struct Machine {
    int cards = 1;
    int driver_version = 13000;  ///< of CUDA that the driver serves; 0: there is no driver
    bool has_code = true;        ///< whether the program has code for the card
};

Machine& machine();

}  // namespace cuda_emulation
