#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/trainers/run/trained_model.h"

namespace heed {

/// A trained model on the device that its recipe names, ready to be used.
struct SavedModel {
    std::string path;                  ///< as the user named it
    std::unique_ptr<Context> context;  ///< before the model, whose memory is its own
    TrainedModel trained;
    std::string trained_attention = {};  ///< in words, where changes to the recipe put another in its place
};

/// Loads a run or checkpoint, with changes to its recipe, and sets the number of threads. Throws UserError where the
/// weights are not those of an attention type that the changes ask for.
SavedModel load_saved_model(const std::string& target, const std::vector<std::string>& overrides);

/// The same in a context that is there already; the number of threads stays.
TrainedModel load_with_attention(Context& context, const std::string& target,
                                 const std::vector<std::string>& overrides);

/// Throws UserError where this machine does not have the device of the recipe, or that not its precision.
void check_device(const Recipe& recipe);

/// Sets the number of threads that the recipe asks for.
void use_threads_of(const Recipe& recipe);

}  // namespace heed
