#include <fmt/core.h>

#include "heed/apps/commands.h"
#include "heed/apps/commit.h"
#include "heed/core/cpu/isa.h"
#include "heed/core/cpu/onednn/version.h"
#include "heed/core/cuda/cuda_device.h"
#include "heed/core/parallel.h"
#include "heed/core/ranks/process_ranks.h"
#include "heed/core/version.h"

namespace heed {

int run(const ShowText& command) {
    fmt::print("{}", command.text);
    return 0;
}

int run(const ShowVersion&) {
    const BuildInfo& build = build_info();
    fmt::print("heed {}\n", build.version);
    const auto line = [](const char* name, const std::string& value) { fmt::print("{:<17}{}\n", name, value); };
    line("commit", source_commit());
    line("compiler", build.compiler);
    line("build", build.build_type);
    if (*build.sanitizers) line("sanitizers", build.sanitizers);
    line("instructions", isa_name(active_isa()));
    line("oneDNN", onednn_version());
    line("threads", fmt::format("{} of {}", default_thread_count(), build.thread_runtime));
    line("CUDA", cuda_build ? cuda_build() : "no");
    line("MPI", has_mpi() ? "yes" : "no");
    return 0;
}

}  // namespace heed
