#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "heed/trainers/kinds/workload.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// Bytes of memory that a training takes.
struct TrainingMemory {
    double resting = 0;  ///< always: weights, gradients, optimizer, average
    double peak = 0;     ///< at the peak of a step, activations included
};

/// What a training takes whose micro-batches have `samples` samples of the greatest length. Takes a step on the device
/// `shapes`, where it needs no memory and no time whatever the size; on another device it is taken in earnest. Throws
/// UserError when the settings do not fit each other or the data.
TrainingMemory training_memory(const Recipe& recipe, const DataFacts& facts, int64_t samples,
                               std::string_view device = "shapes");

/// Throws UserError where what always is in memory is more than the machine has, swap included, or the peak of a step
/// more than four times as much; a line where the peak is more than its memory, or nothing. `samples`: "64 images of
/// the greatest length".
std::string memory_warning(const TrainingMemory& taken, const std::string& samples, int64_t machine, int64_t swap);

/// The same for one of `ranks` processes of a training of these data on this machine, to be called before it takes
/// memory.
std::string check_training_memory(const Recipe& recipe, Workload& workload, int64_t ranks);

}  // namespace heed
