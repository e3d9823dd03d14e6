#pragma once

#include <vector>

#include "heed/attention/attention.h"

namespace heed {

/// What an attention layer was given, batch by batch.
using LayerInputs = std::vector<AttentionInput>;

}  // namespace heed
