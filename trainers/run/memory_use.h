#pragma once

#include <cstdint>

#include "heed/core/module/parameter_store.h"
#include "heed/trainers/optimizers/optimizer.h"

namespace heed {

/// Where the memory of a training goes, in bytes.
struct MemoryUse {
    int64_t parameters = 0;
    int64_t gradients = 0;
    int64_t optimizer = 0;     ///< what the optimizer keeps beside them
    int64_t peak = 0;          ///< of all tensors at a time, the above included
    int64_t process_peak = 0;  ///< of the whole process; 0 where the system does not tell
};

MemoryUse memory_use(const ParameterStore& store, Optimizer& optimizer);

}  // namespace heed
