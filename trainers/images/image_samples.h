#pragma once

#include "heed/trainers/explanation/explained_sample.h"
#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Hands over a sample for each image of files and folders, or of a split of the data. Throws UserError where one is
/// not what the model expects.
void explain_images(SavedModel& saved, const SampleRequest& request, const TakeSample& take);

}  // namespace heed
