#pragma once

#include <string>

#include "heed/core/module/module.h"

namespace heed {

/// Throws UserError where an attention layer of the model has no kernels for `device` (of a recipe), naming the types
/// that have, before anything runs.
void check_attention_runs_on(const std::string& device, Module& model);

}  // namespace heed
