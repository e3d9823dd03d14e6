#pragma once

#include <cstdint>

namespace heed::test {

/// While it lives, steps from one basic block to another are noted. They are seen in a build with HEED_FUZZ alone.
class Coverage {
public:
    Coverage();
    ~Coverage();
    Coverage(const Coverage&) = delete;
    Coverage& operator=(const Coverage&) = delete;

    /// How many different ones this process has taken.
    static int64_t seen();
};

}  // namespace heed::test
