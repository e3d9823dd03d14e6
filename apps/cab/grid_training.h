#pragma once

#include "heed/apps/command_line.h"

namespace heed {

/// `heed cab GRID`: trains what is left of a grid and writes its report, or lists its cells. The exit code. Throws
/// UserError for wrong input, before anything is written, and Error, naming them, where runs have failed.
int train_grid(const CabCommand& command);

}  // namespace heed
