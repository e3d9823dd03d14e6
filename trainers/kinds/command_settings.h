#pragma once

#include <string>
#include <vector>

#include "heed/trainers/kinds/training_kind.h"

namespace heed {

/// Settings of the recipe that a command on a trained model takes: those of the kind (TrainingKind::settings_of) and
/// those of the machine. "decoding.*" stands for all keys of that section.
std::vector<std::string> command_settings(const TrainingKind& kind, const std::string& command);

/// What the help of a command says of them: "settings ...: threads and device; with a translator decoding.*".
std::string command_settings_help(const std::string& command);

/// Throws UserError, with those that are taken and the nearest of them, where one of the settings "key=value" is not
/// among them.
void check_command_settings(const TrainingKind& kind, const std::string& command,
                            const std::vector<std::string>& settings);

}  // namespace heed
