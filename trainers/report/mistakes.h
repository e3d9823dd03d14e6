#pragma once

#include <string>

#include "heed/datasets/image_data.h"
#include "heed/trainers/evaluation.h"

namespace heed {

/// The section of misclassified images of the test split, the most certain mistakes first.
std::string mistakes_html(const Evaluation& test, const ImageData& data);

}  // namespace heed
