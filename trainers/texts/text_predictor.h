#pragma once

#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Classifies texts, one a line. Throws UserError for lines that are none and for tables.
void predict_texts(SavedModel& saved, const PredictRequest& request);

}  // namespace heed
