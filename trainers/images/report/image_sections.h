#pragma once

#include <vector>

#include "heed/datasets/images/image_data.h"
#include "heed/trainers/images/attention_inspection.h"
#include "heed/trainers/images/report/training_pictures.h"
#include "heed/trainers/loop/evaluation.h"
#include "heed/trainers/report/report.h"

namespace heed {

/// Adds the result of a classifier on `unit`.
void add_classification_result(ReportInput& input, const Evaluation& test);

/// Adds what is shown of a model of images: confusion matrix, misclassified images, attention (null: without), training
/// images (empty: without). Throws UserError when a picture cannot be read.
void add_image_sections(ReportInput& input, const ImageData& data, const Evaluation& test,
                        const AttentionInspection* attention, const std::vector<TrainingPicture>& training_pictures);

}  // namespace heed
