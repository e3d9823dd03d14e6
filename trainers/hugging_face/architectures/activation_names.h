#pragma once

#include <string>

#include "heed/trainers/hugging_face/json_file.h"

namespace heed {

/// The activation of ours that `key` of a config.json names. Throws UserError, which lists those that there are, for
/// another.
std::string our_activation(const JsonFile& config, const std::string& key);

/// Its name at Hugging Face.
std::string their_activation(const std::string& ours);

}  // namespace heed
