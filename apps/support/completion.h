#pragma once

#include <string>

#include "heed/apps/command_line.h"

namespace heed {

/// The script that makes a shell (bash, zsh or fish) complete Heed's commands, options, recipes, settings and names of
/// data sets. Settings and names come from the lists that recipes are read with.
std::string completion_script(const CompletionCommand& command);

}  // namespace heed
