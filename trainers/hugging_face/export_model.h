#pragma once

#include <string>
#include <vector>

#include "heed/trainers/run/trained_model.h"

namespace heed {

/// What an export wrote.
struct ExportReport {
    std::string architecture;  ///< "BertModel"
    int64_t tensors = 0;
    std::vector<std::string> files;     ///< their names
    std::vector<std::string> left_out;  ///< parameters of a head that was not to be written
};

/// Writes a model as transformers reads it into a folder that is new or empty. `without_head` leaves out the head for
/// classes, and a layer before it that the architecture lacks. Throws UserError, with the reason for each architecture
/// that comes into question, where the model cannot be stored; nothing is written then.
ExportReport export_model(const TrainedModel& trained, const std::string& folder, bool without_head);

}  // namespace heed
