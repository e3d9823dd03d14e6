#include "heed/core/ranks/process_ranks.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>

#include "heed/core/ranks/other_rank_error.h"
#include "heed/core/settings/number_text.h"
#ifdef HEED_MPI
#include "heed/core/ranks/mpi_communicator.h"
#endif

namespace heed {

namespace {

/// The first of these variables that is a number; `otherwise` without any.
int first_number(std::initializer_list<const char*> names, int otherwise) {
    for (const char* name : names) {
        const char* text = std::getenv(name);
        int64_t number = 0;
        if (text && parse_int(text, number) && number >= 0 && number < (1 << 24)) return static_cast<int>(number);
    }
    return otherwise;
}

}  // namespace

Launch process_launch() {
    // Open MPI; MPICH, Intel MPI and others with Hydra; MVAPICH; srun.
    Launch launch;
    launch.ranks = std::max(
        1, first_number({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS"}, 1));
    if (launch.ranks == 1) return launch;
    launch.rank = first_number({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK", "SLURM_PROCID"}, 0);
    launch.here =
        std::max(1, first_number({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "MV2_COMM_WORLD_LOCAL_SIZE"}, 1));
    launch.alike = first_number({"OMPI_NUM_APP_CTX"}, 1) == 1;
    return launch;
}

bool has_mpi() {
#ifdef HEED_MPI
    return true;
#else
    return false;
#endif
}

std::unique_ptr<Communicator> make_communicator() {
    const Launch launch = process_launch();
    if (launch.ranks == 1) return std::make_unique<SelfCommunicator>();
#ifdef HEED_MPI
    return make_mpi_communicator(launch);
#else
    if (launch.rank != 0) throw OtherRankError("rank 0 tells", 2);
    throw UserError("expected to be started alone, was started as " + std::to_string(launch.ranks) +
                    " processes: this build of heed has no MPI, so that each would train alone; install what "
                    "./heed packages mpi does and build again");
#endif
}

void end_ranks([[maybe_unused]] const std::string& error, [[maybe_unused]] int exit_code) {
#ifdef HEED_MPI
    end_mpi_ranks(error, exit_code);
#endif
}

}  // namespace heed
