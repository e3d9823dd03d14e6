#pragma once

#include <memory>
#include <string>

#include "heed/core/ranks/process_ranks.h"

namespace heed {

/// make_communicator and end_ranks of a build with MPI, where there are several ranks.
std::unique_ptr<Communicator> make_mpi_communicator(const Launch& launch);
void end_mpi_ranks(const std::string& error, int exit_code);

}  // namespace heed
