#pragma once

#include <string>

#include "heed/trainers/recipe/recipe.h"

namespace heed {

/// What the attention of an image model's or text classifier's recipe makes of its weights, so that pictures of them
/// are read rightly; empty where nothing has to be said.
std::string self_attention_remark(const Recipe& recipe);

/// The same of the cross-attention of a translator's recipe.
std::string cross_attention_remark(const Recipe& recipe);

}  // namespace heed
