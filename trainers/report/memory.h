#pragma once

#include <string>

#include "heed/trainers/run/memory_use.h"

namespace heed {

/// A bar of where the memory at the peak went, with a legend.
std::string memory_html(const MemoryUse& use);

}  // namespace heed
