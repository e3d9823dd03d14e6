#pragma once

#include <memory>
#include <string>

#include "heed/core/ranks/communicator.h"

namespace heed {

/// How this process was started, as mpirun or srun tell in the environment; alone: the defaults.
struct Launch {
    int rank = 0;
    int ranks = 1;
    int here = 1;       ///< ranks on this machine, as far as it is told
    bool alike = true;  ///< all were started by the same command line, as far as it is told
};
Launch process_launch();

/// Whether this build can train with several processes.
bool has_mpi();

/// The communicator of a training of this process with those that were started with it; alone: a SelfCommunicator. At
/// most one at a time. Throws UserError where this build has no MPI, or another one than the processes were started
/// with: each of them would train alone.
///
/// A rank that another one waits for longer than the timeout, or that is seen to have ended, is an Error that names the
/// rank and what it was waited for in.
std::unique_ptr<Communicator> make_communicator();

/// This process ends with an error that the user has been told, or that is another rank's: the ranks that still wait
/// for it are told `error` and end, too. Does nothing where none do.
void end_ranks(const std::string& error, int exit_code);

}  // namespace heed
