#pragma once

#include <atomic>
#include <memory>

#include "heed/tests/cuda_emulation/runtime_api.h"

namespace cuda_emulation {

/// What another library has put on a stream, and does there later than when it was called.
using LaterWork = std::shared_ptr<const std::atomic<bool>>;  ///< true: done

/// Events that are recorded on the stream from now on are not reached before the work is done.
void put_on(cudaStream_t stream, LaterWork work);

/// Whether an event holds the stream back until all is done that this thread has launched so far.
bool comes_after_all_launched(cudaStream_t stream);

}  // namespace cuda_emulation
