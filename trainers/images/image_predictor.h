#pragma once

#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Classifies image files and idx files of images. Throws UserError where one is not what the model expects.
void predict_images(SavedModel& saved, const PredictRequest& request);

}  // namespace heed
