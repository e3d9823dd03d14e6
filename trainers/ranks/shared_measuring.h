#pragma once

#include <cstdint>
#include <functional>

#include "heed/core/ranks/communicator.h"
#include "heed/core/ranks/packing.h"

namespace heed {

/// Measures `batches` batches, each on one rank, and adds all results up on every rank in the order of batches, so that
/// each has the same bits as one rank that does all. Rank r of n is given the batches r, r + n, r + 2 n ... in this
/// order, which `measure` puts into the packer and `add` takes out again. Passes a stop point before each batch: where
/// the work has been asked to end on any rank, Stopped is thrown on all.
void measure_shared(Communicator& ranks, int64_t batches, const std::function<void(int64_t, Packer&)>& measure,
                    const std::function<void(Unpacker&)>& add);

}  // namespace heed
