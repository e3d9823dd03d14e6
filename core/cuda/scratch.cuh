#pragma once

#include <cstddef>

namespace heed::cuda {

inline constexpr size_t scratch_bytes = size_t{64} << 10;

/// Memory of the card for what one kernel leaves to the next of the same call; one for each thread of the host, as the
/// kernels of others may come between.
void* scratch();

}  // namespace heed::cuda
