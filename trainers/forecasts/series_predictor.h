#pragma once

#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Prints the rows that follow those of files in the format of the data set: a CSV table with the dates and the targets
/// in their own units, of one file; with --json an object for each file. Throws UserError where a file is no series of
/// the columns and the step that the model was trained on, or is shorter than its window.
void predict_series(SavedModel& saved, const PredictRequest& request);

}  // namespace heed
