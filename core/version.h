#pragma once

namespace heed {

/// What the library is and how it was built. All texts live as long as the program.
struct BuildInfo {
    const char* version;         ///< semantic version, "0.1.0"
    const char* compiler;        ///< "GNU 12.2.0"
    const char* build_type;      ///< "Release"
    const char* thread_runtime;  ///< "OpenMP" or "std::thread"
    const char* sanitizers;      ///< "address,undefined"; empty when there are none
};

const BuildInfo& build_info();

}  // namespace heed
