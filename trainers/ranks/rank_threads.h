#pragma once

#include "heed/core/ranks/communicator.h"

namespace heed {

/// How many ranks of this machine, this one included, may run on a processor that this one may run on: mpirun binds
/// ranks to processors of their own, or it does not.
int ranks_on_own_processors(Communicator& ranks);

}  // namespace heed
