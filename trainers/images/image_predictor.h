#pragma once

#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// Classifies image files, those in folders, and idx files of images; where every image lies in a folder with the name
/// of its class, it is measured how well. Throws UserError where one is not what the model expects.
void predict_images(SavedModel& saved, const PredictRequest& request);

}  // namespace heed
