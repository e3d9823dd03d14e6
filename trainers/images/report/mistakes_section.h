#pragma once

#include <string>

#include "heed/datasets/images/image_data.h"
#include "heed/trainers/loop/evaluation.h"

namespace heed {

/// The section of misclassified images of the test split, the most certain mistakes first.
std::string mistakes_html(const Evaluation& test, const ImageData& data);

}  // namespace heed
