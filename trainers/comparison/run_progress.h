#pragma once

#include <cstdint>
#include <string>

namespace heed {

/// How far a run has come that another process trains, as its metrics tell at this moment.
struct RunProgress {
    int64_t step = 0;
    int64_t steps = 0;  ///< in all; 0: not known yet

    double share() const { return steps > 0 ? static_cast<double>(step) / static_cast<double>(steps) : 0.0; }
};

/// Looks at the first line and the last ones; a file that is not there or cannot be read tells nothing.
RunProgress run_progress(const std::string& folder);

}  // namespace heed
