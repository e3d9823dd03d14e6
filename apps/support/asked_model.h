#pragma once

#include <string>
#include <vector>

#include "heed/trainers/kinds/training_kind.h"

namespace heed {

/// Loads the model that a command ("predict") asks. Throws UserError where its kind does not serve the command or a
/// setting has no effect on it.
SavedModel load_asked_model(const std::string& command, const std::string& target,
                            const std::vector<std::string>& settings);

/// Throws UserError where the model of a classifying kind was imported without a head, so that `command` has no
/// classes to tell apart.
void check_has_classes(const std::string& command, const SavedModel& saved);

/// Throws UserError where a file cannot be written, or is what the command reads: the model or one of `files`.
void check_output(const std::string& file, const std::string& target, const std::vector<std::string>& files);

/// The kind of a run's or checkpoint's model.
const TrainingKind& kind_of_model(const std::string& target);

}  // namespace heed
