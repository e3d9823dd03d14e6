#pragma once

#include "heed/trainers/explanation/explained_sample.h"
#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Hands over a sample for each text of files, a text a line or as tables have them, or of a split of the data. Says on
/// standard error which are longer than what the model reads. Throws UserError for lines that are none.
void explain_texts(SavedModel& saved, const SampleRequest& request, const TakeSample& take);

}  // namespace heed
