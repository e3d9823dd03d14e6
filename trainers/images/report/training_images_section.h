#pragma once

#include <string>
#include <vector>

#include "heed/datasets/images/image_data.h"
#include "heed/trainers/images/report/training_pictures.h"

namespace heed {

/// The section of training images as the model sees them.
std::string training_images_html(const std::vector<TrainingPicture>& pictures, const ImageData& data);

}  // namespace heed
