#pragma once

namespace heed {

/// From now on denormal numbers count as zero on the calling thread and on those that it starts: they are slow and
/// carry nothing.
void flush_denormals();

}  // namespace heed
