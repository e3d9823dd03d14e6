#pragma once

#include <functional>

#include "heed/core/ranks/communicator.h"

namespace heed {

/// Runs `f` on `count` ranks, each a thread of this process with its own Communicator, and returns when all have ended.
/// When a rank throws, the others' operations throw too instead of waiting, and the exception of the lowest rank that
/// failed by itself is thrown to the caller.
void run_local_ranks(int count, const std::function<void(Communicator&)>& f);

}  // namespace heed
