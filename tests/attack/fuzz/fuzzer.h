#pragma once

#include <string>

#include "heed/tests/attack/fuzz/entries.h"

namespace heed::test {

struct FuzzPlan {
    std::string corpus;    ///< folder of the stored inputs of the entry
    int64_t changed = 0;   ///< changed inputs besides
    double seconds = 1e9;  ///< no further ones after that time
    uint64_t seed = 1;
};

struct FuzzResult {
    int64_t stored = 0, changed = 0;
    int64_t kept = 0;  ///< changed inputs that took a new way through the program, and were changed further
    std::vector<std::string> findings;
};

/// Gives the stored inputs and changed ones to the entry. An input that lets out anything but Error, takes long or
/// takes much memory is a finding and is written to the working folder; there the file NAME.input always holds the
/// input that is tried, for the case that it ends the process.
FuzzResult fuzz(const FuzzEntry& entry, const FuzzPlan& plan);

}  // namespace heed::test
