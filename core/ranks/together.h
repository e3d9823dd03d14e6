#pragma once

#include <functional>

#include "heed/core/ranks/communicator.h"

namespace heed {

/// Runs `f`, which takes part in no operation between ranks, on every rank. Where it throws a std::exception on any, it
/// ends on all: rank 0 throws what it has thrown itself, as do ranks whose error is not that of rank 0; all others
/// throw OtherRankError with the first error and the rank it is of. `what` names the work in errors of communication.
void together(Communicator& communicator, const char* what, const std::function<void()>& f);

/// The exit code of the program for an error: 2 for UserError, else 1.
int exit_code_of(const std::exception& error);

}  // namespace heed
