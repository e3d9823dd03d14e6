#include "heed/core/version.h"

namespace heed {

const BuildInfo& build_info() {
    // CMake gives the texts to this file alone, so that a new version does not compile everything again.
    static constexpr BuildInfo info{
        HEED_VERSION,    HEED_COMPILER, HEED_BUILD_TYPE,
#ifdef HEED_THREADS_OPENMP
        "OpenMP",
#else
        "std::thread",
#endif
        HEED_SANITIZERS,
    };
    return info;
}

}  // namespace heed
