#pragma once

#include <cstdint>
#include <string>

#include "heed/trainers/kinds/expected_data.h"
#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// What a training of a recipe takes.
struct TrainingCost {
    SampleCost sample;
    int64_t parameters = 0;
    std::string attention;    ///< what attention layers say about that number of tokens; may be empty
    double bytes = 0;         ///< of memory at the peak of a training step: weights, gradients, optimizer, activations
    int64_t batch = 0;        ///< samples at a time: data.batch, longest pairs in data.tokens, or all that there are
    int64_t steps = 0;        ///< of the whole training; 0: not known
    int64_t epoch_steps = 0;  ///< of an epoch; 0: not known
};

/// Finds out by building the model and taking a step that computes nothing. Throws UserError when the settings do not
/// fit each other or the data, and when the weights of `init` do not fit the model.
TrainingCost training_cost(const Recipe& recipe, const ExpectedData& data);

}  // namespace heed
