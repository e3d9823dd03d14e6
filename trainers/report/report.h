#pragma once

#include <string>
#include <utility>
#include <vector>

#include "heed/datasets/image_data.h"
#include "heed/trainers/attention_inspection.h"
#include "heed/trainers/evaluation.h"
#include "heed/trainers/metrics_reader.h"
#include "heed/trainers/run_folder.h"
#include "heed/trainers/training_pictures.h"

namespace heed {

/// What a report is made from.
struct ReportInput {
    RunPaths paths;
    std::string title;
    std::vector<MetricsRecord> metrics;
    const ImageData* data = nullptr;                         ///< names of the classes and pictures; null: without
    const Evaluation* test = nullptr;                        ///< on the test split; null: without matrix and pictures
    std::vector<std::pair<std::string, std::string>> facts;  ///< label and value, shown at the top
    std::string recipe_yaml;
    const AttentionInspection* attention = nullptr;       ///< drawn where there is `data`; null: without
    std::vector<TrainingPicture> training_pictures = {};  ///< drawn where there is `data`; empty: without
};

/// One HTML page that needs no other file and no network: results, curves, speed and memory, confusion matrix,
/// misclassified images, attention, training images, the recipe. Throws UserError when a picture cannot be read.
std::string report_html(const ReportInput& input);

/// Writes it into the run folder, atomically. Errors as of write_file_atomically.
void write_report(const ReportInput& input);

}  // namespace heed
