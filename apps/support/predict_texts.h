#pragma once

#include "heed/apps/command_line.h"
#include "heed/apps/support/saved_model.h"

namespace heed {

/// heed predict for a text classifier: a text a line of the files, or of standard input, whose lines are answered as
/// they come. Throws UserError, with file and line, when a text cannot be read.
int predict_texts(SavedModel& saved, const PredictCommand& command);

}  // namespace heed
