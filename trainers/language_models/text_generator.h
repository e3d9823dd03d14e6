#pragma once

#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Prints how a language model goes on with a prompt. Throws UserError where the prompt has no token, or the window
/// that is kept is longer than what the model reads.
void generate_text(SavedModel& saved, const GenerateRequest& request);

}  // namespace heed
